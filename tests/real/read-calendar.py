"""Reads a calendar file with python3-icalendar, and prints its events as JSON."""
import json
import sys

from icalendar import Calendar

calendar = Calendar.from_ical(open(sys.argv[1], "rb").read())
events = [
    {
        "uid": str(event["UID"]),
        "summary": str(event["SUMMARY"]),
        "start": event.decoded("DTSTART").strftime("%Y-%m-%dT%H:%M:%SZ"),
        "stamp": event.decoded("DTSTAMP").strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for event in calendar.walk("VEVENT")
]
assert calendar["VERSION"] == "2.0" and calendar["PRODID"], "a calendar says what it is"
print(json.dumps(sorted(events, key=lambda event: event["start"])))
