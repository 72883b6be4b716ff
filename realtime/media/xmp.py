"""XMP packets: what of them stays in a painting. IPTC and PNG texts say the same in other ways and are kept as XMP.

The format is ISO 16684-1 (RDF in XML); IPTC's records are IIM 4.2, its names in XMP the IPTC Photo Metadata Standard's.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

from realtime.media.places import tells_place

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_X = "adobe:ns:meta/"
_SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "drone-dji": "http://www.dji.com/drone-dji/1.0/",
}
_STAYS = {
    "dc": "title description creator rights date",
    "xmp": "CreateDate ModifyDate MetadataDate CreatorTool Rating Label",
    "xmpRights": "Marked Owner UsageTerms WebStatement",
    "photoshop": "DateCreated Headline Credit Source AuthorsPosition CaptionWriter Instructions",
    "tiff": "Make Model Artist Copyright DateTime ImageDescription Software",
    "exif": "DateTimeOriginal DateTimeDigitized ExposureTime FNumber ExposureProgram ISOSpeedRatings ShutterSpeedValue"
    " ApertureValue BrightnessValue ExposureBiasValue MaxApertureValue SubjectDistance MeteringMode LightSource Flash"
    " FocalLength FocalLengthIn35mmFilm UserComment WhiteBalance ExposureMode SceneCaptureType ExifVersion",
    "exifEX": "PhotographicSensitivity LensModel LensMake LensSpecification LensSerialNumber BodySerialNumber CameraOwnerName",
    "aux": "Lens LensInfo LensID SerialNumber Firmware FlashCompensation",
}
_WITH_PLACE = {
    "dc": "subject coverage",
    "photoshop": "City State Country",
    "Iptc4xmpCore": "Location CountryCode",
    "Iptc4xmpExt": "LocationCreated LocationShown",
    "lr": "hierarchicalSubject",
    "drone-dji": "GpsLatitude GpsLongitude GpsLongtitude AbsoluteAltitude RelativeAltitude Latitude Longitude",
}
_LONGEST = 1 << 22

# IPTC's records (2:number) and their names in XMP; "@" is one text in several languages, "*" a list, "+" an ordered one.
_IPTC = {
    5: "dc:title@", 25: "dc:subject*", 40: "photoshop:Instructions", 55: "photoshop:DateCreated", 80: "dc:creator+",
    85: "photoshop:AuthorsPosition", 90: "photoshop:City", 92: "Iptc4xmpCore:Location", 95: "photoshop:State",
    100: "Iptc4xmpCore:CountryCode", 101: "photoshop:Country", 105: "photoshop:Headline", 110: "photoshop:Credit",
    115: "photoshop:Source", 116: "dc:rights@", 120: "dc:description@", 122: "photoshop:CaptionWriter",
}  # fmt: skip
_PNG = {
    "Title": "dc:title@", "Author": "dc:creator+", "Description": "dc:description@", "Copyright": "dc:rights@",
    "Creation Time": "xmp:CreateDate", "Software": "xmp:CreatorTool",
}  # fmt: skip
_CONTAINERS = {"@": "Alt", "*": "Bag", "+": "Seq"}

for _prefix, _space in (*_SPACES.items(), ("rdf", _RDF), ("x", _X)):
    ElementTree.register_namespace(_prefix, _space)

Properties = dict[str, ElementTree.Element]
"""Properties by their names as XML has them: {namespace}name."""


def properties(packet: bytes | str) -> Properties:
    """Read an XMP packet.

    Args:
        packet: The packet, in UTF-8, UTF-16 or as text.

    Returns:
        Its properties, those written as attributes too; none when it is broken or declares entities of its own.
    """
    text = packet if isinstance(packet, str) else _decoded(packet)
    if len(text) > _LONGEST or re.search(r"<!(DOCTYPE|ENTITY)", text):
        return {}
    try:
        root = ElementTree.fromstring(re.sub(r"<\?.*?\?>", "", text.strip("\0\ufeff \r\n\t"), flags=re.DOTALL))
    except (ElementTree.ParseError, ValueError, RecursionError):
        return {}
    found: Properties = {}
    for about in root.iter(f"{{{_RDF}}}Description"):
        for name, value in about.attrib.items():
            found.setdefault(name, _simple(name, value))
        for child in about:
            found.setdefault(child.tag, child)
    return found


def from_iptc(data: bytes) -> Properties:
    """Read IPTC records.

    Args:
        data: The records as they stand in a JPEG's block of Photoshop, or in a TIFF's entry 33723.

    Returns:
        Those that XMP has a property for.
    """
    values: dict[int, list[bytes]] = {}
    at, utf8 = 0, b"\x1c\x01\x5a\x00\x03\x1b%G" in data
    while at + 5 <= len(data) and data[at] == 0x1C:
        record, number, length = struct.unpack_from(">BBH", data, at + 1)
        if length >= 0x8000 or at + 5 + length > len(data):
            break
        if record == 2:
            values.setdefault(number, []).append(data[at + 5 : at + 5 + length])
        at += 5 + length
    texts = {number: [_letters(value, utf8) for value in several] for number, several in values.items()}
    if 55 in texts and (date := re.fullmatch(r"(\d{4})(\d\d)(\d\d)", texts[55][0])):
        clock = re.match(r"(\d\d)(\d\d)(\d\d)(?:([+-]\d\d)(\d\d))?", texts.get(60, [""])[0])
        time = f"T{clock[1]}:{clock[2]}:{clock[3]}" + (f"{clock[4]}:{clock[5]}" if clock[4] else "") if clock else ""
        texts[55] = ["-".join(date.groups()) + time]
    return dict(_written(_IPTC[number], several) for number, several in texts.items() if number in _IPTC)


def from_png(texts: Mapping[str, object]) -> Properties:
    """Read the text fields of a PNG.

    Args:
        texts: Texts by keywords; others are passed over.

    Returns:
        Those that XMP has a property for.
    """
    known = {name: str(text) for name, text in texts.items() if name in _PNG and text}
    if moment := known.get("Creation Time"):
        known["Creation Time"] = _iso(moment)
    return dict(_written(_PNG[name], [text]) for name, text in known.items())


def kept(found: Properties, keep_gps: bool) -> bytes:
    """Write the packet that a painting keeps.

    Args:
        found: All properties of the photo.
        keep_gps: Whether those of the place, and keywords, stay.

    Returns:
        A packet in UTF-8; empty when nothing stays.
    """
    lists = [_STAYS, _WITH_PLACE] if keep_gps else [_STAYS]
    gps = f"{{{_SPACES['exif']}}}GPS"
    names = {f"{{{_SPACES[p]}}}{name}" for some in lists for p, text in some.items() for name in text.split()}
    stays = [
        element
        for name, element in sorted(found.items())
        if (keep_gps and name.startswith(gps))
        or (name in names and (keep_gps or not tells_place(" ".join(_texts(element)))))
    ]
    if not stays:
        return b""
    root = ElementTree.Element(f"{{{_X}}}xmpmeta")
    rdf = ElementTree.SubElement(root, f"{{{_RDF}}}RDF")
    about = ElementTree.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    about.extend(stays)
    text: bytes = ElementTree.tostring(root, "utf-8")
    begin = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode()
    return begin + text + b'\n<?xpacket end="w"?>'


def orientation(found: Properties) -> int:
    """Give the orientation, for files whose EXIF data says none.

    Args:
        found: The properties of a photo.

    Returns:
        1 to 8, as EXIF counts; 1 when none is given.
    """
    element = found.get(f"{{{_SPACES['tiff']}}}Orientation")
    text = (element.text or "").strip() if element is not None else ""
    return int(text) if text in tuple("12345678") else 1


def _decoded(packet: bytes) -> str:
    for encoding in ("utf-8", "utf-16"):
        try:
            return packet.decode(encoding)
        except UnicodeDecodeError:
            continue
    return packet.decode("latin-1")


def _letters(value: bytes, utf8: bool) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("utf-8", "replace") if utf8 else value.decode("latin-1")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)


def _iso(moment: str) -> str:
    """Write a time as XMP does, whether it is written as in letters (RFC 2822), as in EXIF, or as in XMP already."""
    with suppress(ValueError, TypeError):
        return parsedate_to_datetime(moment).isoformat()
    return re.sub(r"^(\d{4}):(\d\d):(\d\d) ", r"\1-\2-\3T", moment)


def _simple(name: str, value: str) -> ElementTree.Element:
    element = ElementTree.Element(name)
    element.text = value
    return element


def _written(name: str, values: list[str]) -> tuple[str, ElementTree.Element]:
    """Write a property, with its name in XML; lists and texts in several languages are containers of items."""
    prefix, _, local = name.rstrip("".join(_CONTAINERS)).partition(":")
    full = f"{{{_SPACES[prefix]}}}{local}"
    container = _CONTAINERS.get(name[-1])
    if container is None:
        return full, _simple(full, values[0])
    element = ElementTree.Element(full)
    items = ElementTree.SubElement(element, f"{{{_RDF}}}{container}")
    language = {"{http://www.w3.org/XML/1998/namespace}lang": "x-default"} if container == "Alt" else {}
    for value in values if container != "Alt" else values[:1]:
        ElementTree.SubElement(items, f"{{{_RDF}}}li", language).text = value
    return full, element


def _texts(element: ElementTree.Element) -> Iterator[str]:
    yield from element.itertext()
    for inner in element.iter():
        yield from inner.attrib.values()
