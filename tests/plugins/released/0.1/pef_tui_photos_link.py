"""Copy the link of a picture on Google Photos into XMP."""

from pef_tui import Match, TagEdit, TagMapper, hookimpl


@hookimpl
def pef_tag_mappers():
    yield TagMapper("photos-link", photos_link)


def photos_link(match: Match):
    if match.sidecar and match.sidecar.url:
        yield TagEdit("XMP-dc:Source", match.sidecar.url)
