"""The look of the web book: its style sheet, faces, mathematics and icons.

Everything a page needs is in `web/static` and travels with the book, so a
page asks no other host for anything and opens from a folder as well.
"""

import base64
import html
import io
import re
import struct
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from PIL import Image

from bookbuild.formulas import width

WEB = Path(__file__).parent / "web"
HEAVY = 80_000  # bytes of a drawing whose pictures are worth packing

# The book's own TeX commands, for the web and for print: name to
# definition, or to (definition, number of arguments).
MACROS = {
    "RR": r"\mathbb{R}",
    "EE": r"\mathbb{E}",
    "PP": r"\mathbb{P}",
    "Var": r"\operatorname{Var}",
    "Cov": r"\operatorname{Cov}",
    "KL": r"\operatorname{KL}",
    "sign": r"\operatorname{sign}",
    "diag": r"\operatorname{diag}",
    "softmax": r"\operatorname{softmax}",
    "argmin": r"\operatorname*{arg\,min}",
    "argmax": r"\operatorname*{arg\,max}",
    "norm": (r"\lVert #1 \rVert", 1),
    "abs": (r"\lvert #1 \rvert", 1),
}


def mathjax_config():
    """MathJax's settings, with the book's commands."""
    return {
        "tex": {"macros": {name: list(value) if isinstance(value, tuple)
                           else value for name, value in MACROS.items()}},
        # its menu would ask for parts that the book does not carry
        "options": {"enableMenu": False},
    }


def set_defaults(app, config):
    """Put our files where Sphinx looks for them."""
    config.html_static_path.append(str(WEB / "static"))
    config.templates_path.insert(0, str(WEB / "templates"))
    config.html_favicon = str(WEB / "static" / "favicon.svg")
    config.html_logo = config.html_logo or str(WEB / "static" / "logo.svg")
    config.mathjax_path = "mathjax/tex-chtml.js"
    config.mathjax3_config = mathjax_config()
    config.html_context.setdefault("default_mode", "auto")
    config.html_domain_indices = False
    for option, value in {"use_fullscreen_button": False,
                          "use_download_button": False,
                          "logo": {"text": config.html_title},
                          "primary_sidebar_end": []}.items():
        config.html_theme_options.setdefault(option, value)
    config.nb_code_prompt_show = "Show the code"
    config.nb_code_prompt_hide = "Hide the code"


def tidy(app, pagename, templatename, context, doctree):
    """Mend what the extensions leave in a page, and size its pictures."""
    body = context.get("body") or ""
    # sphinx-proof and sphinx-exercise give every box's content one id
    body = re.sub(r' id="(?:(?:proof|exercise|solution)-content|proof)"', "", body)
    body = re.sub(r'(<div class="proof admonition"[^>]*>\s*<p>)Proof\. ',
                  r"\1<em>Proof.</em> ", body)
    # roles that went out of use, or of which only half is there
    body = re.sub(r' role="(?:doc-biblioentry|list)"', "", body)
    body = re.sub(r'(?<=<span class="pasted-text">)[^<]*', _set_number, body)
    body = re.sub(r'(<span class="math notranslate nohighlight")>'
                  r"(\\\((.*?)\\\))(?=</span>)", _with_room, body, flags=re.S)
    # Thebe's settings, though nothing uses them
    body = re.sub(r'<script type="text/x-thebe-config">.*?</script>\s*'
                  r"<script>kernelName = .*?</script>", "", body, flags=re.S)
    if body:
        context["body"] = re.sub(r"<img [^>]*>", _sized(app), body)
    # Thebe is loaded whether or not it is used, its script twice; and Sphinx
    # gives a page its children's mathematics too.
    unused = ["thebe"] if 'class="math' in body else ["thebe", "mathjax"]
    for kind in ("script_files", "css_files"):
        context[kind] = [
            file for file in context[kind]
            if not any(word in f"{file.filename} {file.attributes}".lower()
                       for word in unused)]


def _set_number(match):
    """A number that a sentence fetched from the run, as a printer sets it:
    with a minus sign, and a power of ten in place of e-07."""
    number = re.fullmatch(r"([-+]?)([\d.,]+)(?:e([-+]?\d+))?(\W*)",
                          match.group())
    if number is None:
        return match.group()
    sign, digits, power, rest = number.groups()
    if power:
        ten = str(int(power)).replace("-", "−")
        digits += f" · 10<sup>{ten}</sup>"
    return sign.replace("-", "−") + digits + rest


def _with_room(match):
    """A formula within a line, with the room it will take."""
    tag, formula, tex = match.groups()
    room = 1.04 * width(html.unescape(tex))  # book.css sets it at 104%
    return f'{tag} style="--room: {room:.2f}em">{formula}'


def _sized(app):
    """Give a picture its width and height, so that a page keeps its lines
    while it loads, and let it load when it is near."""
    sources = {name: path for path, name in app.builder.images.items()}

    def tag(match):
        text = match.group()
        source = re.search(r'src="[^"]*?_images/([^"]+)"', text)
        path = source and sources.get(unquote(source[1]))
        if " loading=" in text or not path:
            return text
        size = picture_size(Path(app.srcdir, path))
        shape = "" if size is None else ' width="{}" height="{}"'.format(*size)
        return f'{text.rstrip("/> ")}{shape} loading="lazy" />'
    return tag


def picture_size(path):
    """Width and height in CSS pixels that an SVG or PNG file asks for, or
    None."""
    if not path.exists():
        return None
    if path.suffix == ".png":
        head = path.read_bytes()[:24]
        return struct.unpack(">II", head[16:]) if head[:4] == b"\x89PNG" else None
    if path.suffix != ".svg":
        return None
    head = re.search(r"<svg[^>]*>", path.read_text("utf-8"))
    sizes = [re.search(rf'\b{side}="([\d.]+)(pt|px|)"', head.group())
             for side in ("width", "height")] if head else [None]
    if None in sizes:
        return None
    return tuple(round(float(s[1]) * (4 / 3 if s[2] == "pt" else 1))
                 for s in sizes)


def pack_pictures(app, exception):
    """Write the pixels in heavy drawings with as few bytes as they allow:
    gray ones, and ones of few colors, need one byte and not four. Every
    pixel stays, and so do the stored outputs."""
    if exception is not None or app.builder.format != "html":
        return
    for name in app.builder.images.values():
        path = Path(app.outdir, app.builder.imagedir, name)
        if path.suffix == ".svg" and path.stat().st_size > HEAVY:
            path.write_text(re.sub(
                r"(?<=data:image/png;base64,)[^\"']+", _packed,
                path.read_text("utf-8")), "utf-8")


def _packed(match):
    """The smallest of a PNG picture's lossless spellings, in base 64."""
    found = [base64.b64decode(match.group())]
    picture = Image.open(io.BytesIO(found[0]))
    if picture.mode == "RGBA" and picture.getextrema()[3] == (255, 255):
        picture = picture.convert("RGB")
        red, green, blue = picture.split()
        if red.tobytes() == green.tobytes() == blue.tobytes():
            picture = red
    with io.BytesIO() as file:
        picture.save(file, "png", optimize=True)
        found.append(file.getvalue())
    return base64.b64encode(min(found, key=len)).decode()


def add_door(app, exception):
    """The book's front door: the site's address leads to its first page."""
    door = Path(app.outdir, "index.html")
    root = app.config.root_doc
    if exception is None and app.builder.format == "html" and root != "index":
        first = f"{root}.html"
        page = Path(app.outdir, first)
        said = "".join(re.findall(  # what a shared link shows
            r'<meta (?:name="(?:description|twitter:)|property="og:).*\n',
            page.read_text("utf-8") if page.exists() else ""))
        door.write_text(
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
            f"<title>{html.escape(app.config.html_title)}</title>\n"
            f"{said}"
            f'<meta http-equiv="refresh" content="0; url={first}">\n'
            f'<a href="{first}">{html.escape(app.config.html_title)}</a>\n',
            "utf-8")


def setup(app):
    # a change here changes every page, and Sphinx has to know
    app.add_config_value("look", sha256(Path(__file__).read_bytes()
                                        ).hexdigest(), "html")
    app.connect("config-inited", set_defaults)
    app.connect("html-page-context", tidy, priority=900)
    app.connect("build-finished", add_door)
    app.connect("build-finished", pack_pictures)
    app.add_css_file("book.css", priority=900)
    for script in ("frames.js", "reach.js"):
        app.add_js_file(script, loading_method="defer")
    return {"version": "1", "parallel_read_safe": True,
            "parallel_write_safe": True}
