import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.tags.name_dates import date_in_name

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "filename_dates.jsonl"

NAMES = {
    "IMG_20190509_154733-edited.jpg": "2019-05-09T15:47:33",
    "IMG_20190221_112112042_BURST000_COVER_TOP.MP4": "2019-02-21T11:21:12",
    "Screenshot_20190919-053857_Camera.jpg": "2019-09-19T05:38:57",
    "Screenshot_2019-04-16-11-19-37-232_com.jpg": "2019-04-16T11:19:37",
    "signal-2020-10-26-163832.jpg": "2020-10-26T16:38:32",
    "2021-08-08T15_36_24+02_00.JPEG": "2021-08-08T15:36:24",
    "00055IMG_00055_BURST20190216172030_COVER.jpg": "2019-02-16T17:20:30",
    "201801261147521000.jpg": "2018-01-26T11:47:52",
    "IMG20210211125718.jpg": "2021-02-11T12:57:18",
    "DJI_20230101123456_0001_D.JPG": "2023-01-01T12:34:56",
    "WIN_20190416_11_19_37_Pro.jpg": "2019-04-16T11:19:37",
    "1869_12_30_16_59_57.jpg": "1869-12-30T16:59:57",
    "WhatsApp Image 2023-12-25 at 14.30.45.jpeg": "2023-12-25T14:30:45",
    "Bildschirmfoto 2019-04-16 um 11.19.37.png": "2019-04-16T11:19:37",
    "Screen Shot 2019-04-16 at 1.19.37\u202fPM.png": "2019-04-16T13:19:37",
    "Screen Shot 2019-04-16 at 12.19.37 AM.png": "2019-04-16T00:19:37",
    "2013-12-23 10.11.12-1.jpg": "2013-12-23T10:11:12",
    "20190416-11h19m37.jpg": "2019-04-16T11:19:37",
    "PXL_20211013_220651983.jpg": "2021-10-13T22:06:51",
    "20201301_101010 then 20201201_101010.jpg": "2020-12-01T10:10:10",
}

NO_DATES = (
    "IMG_0001.jpg",
    "20030616.jpg",
    "IMG-20150125-WA0003.jpg",
    "2025-04-28(3516).jpg",
    "20190230_101010.jpg",
    "20190919_995857.jpg",
    "20190919_0538571.jpg",
    "2019-04_16 11.19.37.jpg",
    "120190416_111937.jpg",
    "+4915112345678.jpg",
    "Contact 2012345678.jpg",
    "12345678_10151234567890_1234567890123456789_n.jpg",
    "FB_IMG_1516123456789.jpg",
    "20150125-1011-4100-8000-201501251011.jpg",
    "1920x1080 wallpaper 2560-14-40.png",
    "Screen Shot 2019-04-16 at 13.19.37 PM.png",
    "",
)


@pytest.mark.parametrize(("name", "moment"), NAMES.items())
def test_reads_the_moment_cameras_and_apps_write(name: str, moment: str) -> None:
    assert date_in_name(name) == datetime.fromisoformat(moment)


@pytest.mark.parametrize("name", NO_DATES)
def test_takes_nothing_else_for_a_moment(name: str) -> None:
    assert date_in_name(name) is None


@given(
    st.datetimes(datetime(1800, 1, 1), datetime(2099, 12, 31)),
    st.sampled_from(
        (
            "IMG_%Y%m%d_%H%M%S.jpg",
            "%Y-%m-%d %H.%M.%S.mov",
            "a%Y%m%d%H%M%S_b.png",
            "X-%Y_%m_%d_%H_%M_%S(2).jpg",
        )
    ),
)
def test_reads_every_moment_of_its_years(moment: datetime, shape: str) -> None:
    assert date_in_name(moment.strftime(shape)) == moment.replace(microsecond=0)


@pytest.mark.shared
@pytest.mark.skipif(not VECTORS.exists(), reason="no shared vectors")
def test_every_vector_holds() -> None:
    vectors = [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()]
    assert len(vectors) >= 13
    for vector in vectors:
        expected = vector["expect_local"]
        assert date_in_name(vector["file"]) == (datetime.fromisoformat(expected) if expected else None), (
            vector
        )
