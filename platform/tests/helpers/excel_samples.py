"""Writes workbooks by the published format, cell by cell."""

import io
import zipfile
from xml.sax.saxutils import escape

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DAY, MOMENT, CUSTOM_DAY = 1, 2, 3
"""Styles of cells."""

STYLES = (
    f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="164" formatCode="dd.mm.yyyy;@"/>'
    '<numFmt numFmtId="165" formatCode="#,##0.00 &quot;days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs>'
    "</styleSheet>"
)


def number(text, style=0):
    return f' s="{style}"><v>{text}</v>'


def text(words):
    return f' t="inlineStr"><is><t>{escape(words)}</t></is>'


def cell(kind, value):
    return f' t="{kind}"><v>{value}</v>'


def row(at, *cells, attributes=""):
    """A row; None leaves a cell out."""
    inside = "".join(f'<c r="{chr(65 + place)}{at}"{each}</c>' for place, each in enumerate(cells) if each is not None)
    return f'<row r="{at}"{attributes}>{inside}</row>'


def sheet(*rows, after=""):
    return f"<worksheet {MAIN}><sheetData>{''.join(rows)}</sheetData>{after}</worksheet>"


def workbook(sheets, *, shared=(), is_1904=False, styles=STYLES):
    """The bytes of a workbook of sheets by name."""
    numbered = list(enumerate(sheets, 1))
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"/>' for at, name in numbered)
    system = f'<workbookPr date1904="{int(is_1904)}"/>'
    relations = "".join(f'<Relationship Id="rId{at}" Target="worksheets/sheet{at}.xml"/>' for at, _ in numbered)
    parts = {
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELATIONS}">{system}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relations}</Relationships>",
        "xl/sharedStrings.xml": f"<sst {MAIN}>{''.join(f'<si>{each}</si>' for each in shared)}</sst>",
        "xl/styles.xml": styles,
    } | {f"xl/worksheets/sheet{at}.xml": sheets[name] for at, name in numbered}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return held.getvalue()
