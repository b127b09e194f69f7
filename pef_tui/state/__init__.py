"""What a media file is and holds before anything is written."""
