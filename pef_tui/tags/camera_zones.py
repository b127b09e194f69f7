"""Read the UTC offset to which a camera was set. Makers store it in different tags and forms."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pef_tui.model import Value
from pef_tui.tags.file_date import parse_date, parse_offset
from pef_tui.tags.time_zones import real_offset, zone_by_name

_TOLERANCE = 2.0  # seconds between two clocks of one camera
_HOUR, _HOURS_MOST = 60, 14  # minutes of an hour; largest offset in hours

# Zones (of the tz database) of the cities of Pentax cameras, in the order of the city numbers in ExifTool's table.
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


def zone_set(tags: dict[str, Value], clock: datetime | None, local_time: datetime) -> int | None:
    """Return the offset to which the camera was set, in minutes east of UTC; None if no tag has one.

    `clock`: the local time on the camera's clock; None if unknown. `local_time`: `clock`, or an approximate local time
    without it.
    """
    minutes = tags.get("Nikon:TimeZone")
    if isinstance(minutes, int):
        return minutes + (_HOUR if tags.get("Nikon:DaylightSavings") == 1 else 0)
    for tag in ("Canon:TimeZone", "QuickTime:TimeZone"):  # includes the hour of summer time
        if isinstance(minutes := tags.get(tag), int):
            return minutes
    if (offset := parse_offset(tags.get("Ricoh:TimeZone"))) is not None:
        return offset
    if isinstance(city := tags.get("Pentax:City"), int):
        return _city(city, tags.get("Pentax:DaylightSavings") == 1, local_time)
    if clock is not None and (utc := parse_date(tags.get("Olympus:DateTimeUTC"))) is not None:
        return real_offset((clock - utc[0]) / timedelta(seconds=1), _TOLERANCE)
    hours = tags.get("EXIF:TimeZoneOffset")
    return hours * _HOUR if isinstance(hours, int) and abs(hours) <= _HOURS_MOST else None


def _city(number: int, summer: bool, local_time: datetime) -> int | None:
    """Return the standard offset of the Pentax city `number` in minutes; an hour more if `summer` is set.

    `local_time`: the time for which the offset is looked up. None if the table does not have the number, or if the tz
    database does not have the city's zone.
    """
    if not 0 <= number < len(_PENTAX):
        return None
    try:
        zone: ZoneInfo = zone_by_name(_PENTAX[number])
    except ValueError:  # the tz database does not have the zone
        return None
    local = local_time.replace(tzinfo=zone)
    offset, daylight_saving = local.utcoffset() or timedelta(0), local.dst() or timedelta(0)
    return (offset - daylight_saving) // timedelta(minutes=1) + (_HOUR if summer else 0)
