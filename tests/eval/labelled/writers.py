"""Documents as files of every format, written by public libraries."""

import base64
import csv
import html
import io
import zipfile
from email.message import EmailMessage

import docx
import odf.opendocument
import odf.table
import odf.text
import openpyxl
import pptx
import pptx.util
import xlsxwriter
from reportlab.lib import colors, pagesizes
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))
FIXED = (2026, 11, 29, 0, 0, 0)


def separated(separator, encoding):
    def write(document):
        out = io.StringIO()
        csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(document.grid)
        return encoded(out.getvalue(), encoding)

    return write


def encoded(text, encoding):
    """Windows' Japanese charset has a full-width hyphen where the others have the minus sign."""
    return (text.replace("−", "－") if encoding == "cp932" else text).encode(encoding)


def plain(encoding):
    return lambda document: encoded(document.text.replace("\n", "\r\n"), encoding)


def as_html(document):
    if document.grid is None:
        body = "".join(f"<p>{html.escape(line)}</p>\n" for line in document.text.split("\n"))
    else:
        rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n" for row in document.grid)
        body = f"<h1>{html.escape(document.title)}</h1><table border=1>\n{rows}</table>"
    return f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{document.title}</title></head><body>{body}</body></html>'


def html_file(document):
    return as_html(document).encode()


def xlsx_openpyxl(document):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = document.title
    for row in document.grid:
        sheet.append([cell or None for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xlsx_xlsxwriter(document):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet(document.title)
        for i, row in enumerate(document.grid):
            for j, cell in enumerate(row):
                sheet.write_string(i, j, cell)
        if document.language == "ja":
            sheet.autofilter(0, 0, len(document.grid), 1)
    return out.getvalue()


def ods(document):
    book = odf.opendocument.OpenDocumentSpreadsheet()
    table = odf.table.Table(name=document.title)
    for row in document.grid:
        line = odf.table.TableRow()
        for cell in row:
            element = odf.table.TableCell(valuetype="string")
            element.addElement(odf.text.P(text=cell))
            line.addElement(element)
        table.addElement(line)
    book.spreadsheet.addElement(table)
    return saved(book)


def odt(document):
    book = odf.opendocument.OpenDocumentText()
    for line in document.text.split("\n"):
        book.text.addElement(odf.text.P(text=line))
    return saved(book)


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def word(document):
    page = docx.Document()
    if document.grid is None:
        for line in document.text.split("\n"):
            page.add_paragraph(line)
    else:
        page.add_paragraph(document.title)
        table = page.add_table(rows=len(document.grid), cols=max(map(len, document.grid)))
        cells = table._cells
        wide = max(map(len, document.grid))
        for i, row in enumerate(document.grid):
            for j, cell in enumerate(row):
                cells[i * wide + j].text = cell
    out = io.BytesIO()
    page.save(out)
    return out.getvalue()


def slides(document):
    show = pptx.Presentation()
    blank = show.slide_layouts[6]
    whole = (pptx.util.Inches(0.3), pptx.util.Inches(0.3), pptx.util.Inches(9), pptx.util.Inches(6))
    if document.grid is None:
        lines = document.text.split("\n")
        for start in range(0, len(lines), 14):
            show.slides.add_slide(blank).shapes.add_textbox(*whole).text_frame.text = "\n".join(lines[start : start + 14])
    else:
        wide = max(map(len, document.grid))
        table = show.slides.add_slide(blank).shapes.add_table(len(document.grid), wide, *whole).table
        for i, row in enumerate(document.grid):
            for j, cell in enumerate(row):
                table.cell(i, j).text = cell
    out = io.BytesIO()
    show.save(out)
    return out.getvalue()


STYLE = ParagraphStyle("ja", fontName="HeiseiKakuGo-W5", fontSize=9, leading=13, wordWrap="CJK")


def pdf(document):
    out = io.BytesIO()
    page = SimpleDocTemplate(out, pagesize=pagesizes.landscape(pagesizes.A3), invariant=1, title=document.title)
    if document.grid is None:
        parts = [Paragraph(html.escape(line) or "&nbsp;", STYLE) for line in document.text.split("\n")]
    else:
        wide = max(map(len, document.grid))
        rows = [row + [""] * (wide - len(row)) for row in document.grid]
        parts = [Table(rows, style=[("FONT", (0, 0), (-1, -1), "HeiseiKakuGo-W5", 7), ("GRID", (0, 0), (-1, -1), 0.25, colors.grey)])]
    page.build(parts)
    return out.getvalue()


def zipped(document):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("data/list.csv", FIXED), separated(",", "utf-8")(document))
    return out.getvalue()


def envelope(document, subject):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Date"] = document.mail_from, document.mail_to, subject, "Sun, 29 Nov 2026 10:00:00 +0900"
    mail["Message-ID"] = "<1@example.co.jp>"
    return mail


def mail_text(encoding, charset, transfer):
    """A mail of one part in this charset."""

    def write(document):
        mail = envelope(document, document.title)
        head = mail.as_bytes().split(b"\n\n", 1)[0]
        body = encoded(document.text.replace("{own}", document.own[0]), encoding)
        body = base64.encodebytes(body) if transfer == "base64" else body
        fields = f"MIME-Version: 1.0\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {transfer}\n\n"
        return b"\r\n".join((head + b"\n" + fields.encode() + body).split(b"\n"))

    return write


def mail_html(document):
    mail = envelope(document, document.title)
    mail.set_content(as_html(document).replace("{own}", document.own[0]), subtype="html", cte="base64")
    return mail.as_bytes()


def mail_attached(document):
    """A letter with the table as a workbook."""
    mail = envelope(document, document.title)
    mail.set_content("お世話になっております。\n一覧をお送りします。\n" if document.language == "ja" else "Hello,\n\nplease find the list attached.\n")
    mail.add_attachment(xlsx_openpyxl(document), maintype="application", subtype="vnd.openxmlformats-officedocument.spreadsheetml.sheet", filename=f"{document.title}.xlsx")
    return mail.as_bytes()


# Name → what writes it, extension, languages, most rows.
GRIDS = {
    "csv utf-8": (separated(",", "utf-8"), "csv", "ja en", 400),
    "csv utf-8 bom": (separated(",", "utf-8-sig"), "csv", "ja en", 400),
    "csv shift_jis": (separated(",", "cp932"), "csv", "ja", 400),
    "csv iso-2022-jp": (separated(",", "iso2022_jp_ext"), "csv", "ja", 400),
    "csv euc-jp": (separated(",", "euc_jp"), "csv", "ja", 400),
    "csv utf-16": (separated(",", "utf-16"), "csv", "ja en", 400),
    "tsv": (separated("\t", "utf-8"), "tsv", "ja en", 400),
    "xlsx (openpyxl)": (xlsx_openpyxl, "xlsx", "ja en", 400),
    "xlsx (xlsxwriter)": (xlsx_xlsxwriter, "xlsx", "ja en", 400),
    "ods": (ods, "ods", "ja en", 100),
    "docx": (word, "docx", "ja en", 40),
    "pptx": (slides, "pptx", "ja en", 12),
    "pdf": (pdf, "pdf", "ja en", 60),
    "html": (html_file, "html", "ja en", 200),
    "zip": (zipped, "zip", "ja en", 200),
    "mail html": (mail_html, "eml", "ja en", 60),
    "mail attachment": (mail_attached, "eml", "ja en", 200),
}
TEXTS = {
    "txt utf-8": (plain("utf-8"), "txt", "ja en"),
    "txt shift_jis": (plain("cp932"), "txt", "ja"),
    "txt iso-2022-jp": (plain("iso2022_jp"), "txt", "ja"),
    "mail utf-8": (mail_text("utf-8", "utf-8", "base64"), "eml", "ja en"),
    "mail iso-2022-jp": (mail_text("iso2022_jp", "iso-2022-jp", "7bit"), "eml", "ja"),
    "mail shift_jis": (mail_text("cp932", "shift_jis", "8bit"), "eml", "ja"),
    "mail html": (mail_html, "eml", "ja en"),
    "docx": (word, "docx", "ja en"),
    "odt": (odt, "odt", "ja en"),
    "pptx": (slides, "pptx", "ja en"),
    "pdf": (pdf, "pdf", "ja en"),
}
# What the people in a file must be writable in.
CHARSETS = {
    "csv shift_jis": "cp932",
    "csv iso-2022-jp": "iso2022_jp",
    "csv euc-jp": "euc_jp",
    "txt shift_jis": "cp932",
    "txt iso-2022-jp": "iso2022_jp",
    "mail iso-2022-jp": "iso2022_jp",
    "mail shift_jis": "cp932",
}
