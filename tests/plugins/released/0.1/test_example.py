import pef_tui_example

from pef_tui.testing import sidecar

LINK = "https://photos.google.com/photo/1"


def test_the_link_is_written(pef_run):
    ran = pef_run(pef_tui_example, {"Trip/a.jpg": sidecar("a.jpg", url=LINK)})
    assert ran.tags("a.jpg")["XMP-dc:Source"] == LINK


def test_another_tag_may_be_chosen(pef_run):
    tables = {"example": {"tag": "XMP-dc:Identifier"}}
    ran = pef_run(pef_tui_example, {"Trip/a.jpg": sidecar("a.jpg", url=LINK)}, tables=tables)
    assert ran.tags("a.jpg")["XMP-dc:Identifier"] == LINK
