"""The zone that a camera was set to, of the forms in which makers write it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pef_tui.model import Value
from pef_tui.tags.clock import parse_date, parse_offset
from pef_tui.tags.zones import real_offset, zone_named

_TOLERANCE = 2.0  # seconds between two clocks of one camera
_HOUR, _HOURS_MOST = 60, 14

# Cities of Pentax cameras by their numbers (as in ExifTool's table), as zones of the tz database.
_CITIES = """Pacific/Pago_Pago Pacific/Honolulu America/Anchorage America/Vancouver America/Los_Angeles
             America/Los_Angeles America/Edmonton America/Denver America/Mexico_City America/Chicago
             America/New_York America/Toronto America/New_York America/Santiago America/Caracas
             America/Halifax America/Argentina/Buenos_Aires America/Sao_Paulo America/Sao_Paulo Europe/Madrid
             Europe/London Europe/Paris Europe/Rome Europe/Rome Europe/Berlin Africa/Johannesburg Europe/Istanbul
             Africa/Cairo Asia/Jerusalem Europe/Moscow Asia/Riyadh Asia/Tehran Asia/Dubai Asia/Karachi Asia/Kabul
             Indian/Maldives Asia/Kolkata Asia/Colombo Asia/Kathmandu Asia/Dhaka Asia/Yangon Asia/Bangkok
             Asia/Kuala_Lumpur Asia/Vientiane Asia/Singapore Asia/Phnom_Penh Asia/Ho_Chi_Minh Asia/Jakarta
             Asia/Hong_Kong Australia/Perth Asia/Shanghai Asia/Shanghai Asia/Manila Asia/Taipei Asia/Seoul
             Australia/Adelaide Asia/Tokyo Pacific/Guam Australia/Sydney Pacific/Noumea Pacific/Auckland
             Pacific/Auckland America/Lima Africa/Dakar Africa/Algiers Europe/Helsinki Europe/Athens
             Africa/Nairobi Europe/Amsterdam Europe/Stockholm Europe/Lisbon Europe/Copenhagen Europe/Warsaw
             Europe/Prague Europe/Budapest"""
_PENTAX = tuple(_CITIES.split())


def zone_set(tags: dict[str, Value], clock: datetime | None, shown: datetime) -> int | None:
    """Minutes east of UTC that the camera was set to; None where nothing tells them.

    `clock`: what the camera's clock showed, where the file has it; `shown`: the same, or nearly so.
    """
    minutes = tags.get("Nikon:TimeZone")
    if isinstance(minutes, int):
        return minutes + (_HOUR if tags.get("Nikon:DaylightSavings") == 1 else 0)
    for tag in ("Canon:TimeZone", "QuickTime:TimeZone"):  # with the hour of summer in it
        if isinstance(minutes := tags.get(tag), int):
            return minutes
    if (offset := parse_offset(tags.get("Ricoh:TimeZone"))) is not None:
        return offset
    if isinstance(city := tags.get("Pentax:City"), int):
        return _city(city, tags.get("Pentax:DaylightSavings") == 1, shown)
    if clock is not None and (utc := parse_date(tags.get("Olympus:DateTimeUTC"))) is not None:
        return real_offset((clock - utc[0]) / timedelta(seconds=1), _TOLERANCE)
    hours = tags.get("EXIF:TimeZoneOffset")
    return hours * _HOUR if isinstance(hours, int) and abs(hours) <= _HOURS_MOST else None


def _city(number: int, summer: bool, shown: datetime) -> int | None:
    """The standard time of a city of Pentax, an hour more where the camera was set to summer time."""
    if not 0 <= number < len(_PENTAX):
        return None
    try:
        zone: ZoneInfo = zone_named(_PENTAX[number])
    except ValueError:  # a tz database without it
        return None
    there = shown.replace(tzinfo=zone)
    offset, ahead = there.utcoffset() or timedelta(0), there.dst() or timedelta(0)
    return (offset - ahead) // timedelta(minutes=1) + (_HOUR if summer else 0)
