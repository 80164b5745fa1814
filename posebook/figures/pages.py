"""One self-contained page: turnable figures, tables and words, no network, no other file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from posebook import paths
from posebook.errors import InputError
from posebook.figures import player
from posebook.figures.player import Player
from posebook.figures.showing import described, plotly_bundle, untitled
from posebook.tables import Table

_STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--soft:#57606a;--paper:#fff;--line:#d0d7de;
--band:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--paper:#0f1318;--line:#3d444d;
--band:#171c23}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,
"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1,h2{overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.25;margin:.2em 0 .6em}h2{font-size:1.25rem;margin:2em 0 .4em}
p{max-width:46rem;overflow-wrap:anywhere}
figure{margin:1.4rem 0}
figcaption{max-width:46rem;margin-bottom:.5rem;font-weight:600;overflow-wrap:anywhere}
.card{background:#fff;border:1px solid var(--line);border-radius:8px;overflow-x:auto;padding:4px}
.plot{min-width:280px}.plot.wide{min-width:600px}
p.note{color:var(--soft);font-size:.9rem;margin:.4rem 0}
details{color:var(--soft);font-size:.9rem;margin-top:.4rem;max-width:46rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding-bottom:.4rem}
th,td{padding:.35rem .8rem;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top;overflow-wrap:break-word}
thead th{background:var(--band)}td.number,th.number{text-align:right}
footer{color:var(--soft);font-size:.85rem;margin-top:3rem}
td:first-child{overflow-wrap:anywhere;min-width:6.5rem}nav ul{columns:12rem;padding-left:1.2rem}
nav li{break-inside:avoid}
.wide:not(.plot){margin:1rem 0}nav a{color:inherit;overflow-wrap:anywhere}
@media print{.card,tr{break-inside:avoid}h2[id]{break-before:page}.wide{overflow:visible}}
"""

# Figures are drawn when they come near the window: a browser keeps only sixteen 3D canvases alive.
_SCRIPT = """
const drawn=new Map();
// A film's picture stands above its scene where both side by side would be cut or tiny.
function stacked(box,l){l=JSON.parse(JSON.stringify(l));if(!box.classList.contains("stack")||
box.clientWidth>=600)return l;l.scene.domain={x:[0,1],y:[0,.56]};l.xaxis.domain=[.12,.98];
l.yaxis.domain=[.62,1];l.height+=330;l.margin.b+=56;
for(const k of "xyz")l.scene.camera.eye[k]*=1.3;const s=l.sliders[0];s.x=0;s.len=1;s.pad.t+=52;
return l;}
function draw(box){const f=JSON.parse(document.getElementById(box.dataset.figure).textContent);
const l=stacked(box,f.layout);box.style.height=l.height+"px";box.dataset.narrow=box.clientWidth<600;
Plotly.newPlot(box,f.data,l,f.config).then(()=>f.frames&&Plotly.addFrames(box,f.frames));}
addEventListener("resize",()=>drawn.forEach((_,box)=>{if(box.classList.contains("stack")&&
box.dataset.narrow!==String(box.clientWidth<600)){Plotly.purge(box);draw(box);}}));
const watch=new IntersectionObserver(entries=>{for(const e of entries){const box=e.target;
if(e.isIntersecting&&!drawn.has(box)){draw(box);drawn.set(box,true);
if(drawn.size>12){for(const old of drawn.keys()){const r=old.getBoundingClientRect();
if(old!==box&&(r.bottom<-900||r.top>innerHeight+900)){Plotly.purge(old);drawn.delete(old);break;}}}}}
},{rootMargin:"500px"});
document.querySelectorAll(".plot").forEach(box=>watch.observe(box));
addEventListener("unhandledrejection",e=>{if(e.reason===undefined)e.preventDefault();}); // pause
addEventListener("beforeprint",()=>document.querySelectorAll(".plot").forEach(box=>{
if(!drawn.has(box)&&drawn.size<15){draw(box);drawn.set(box,true);}}));
"""

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src data: blob:; font-src data:"
)


@dataclass(frozen=True)
class Heading:
    """A section's heading; with an anchor, `Contents` leads to it, and it begins a printed page."""

    text: str
    anchor: str = ""


@dataclass(frozen=True)
class Contents:
    """Links to headings further down."""

    headings: Sequence[Heading]


@dataclass(frozen=True)
class Picture:
    """A plotly figure, its description in words, and a caption (the figure's title by default)."""

    figure: Any
    alt: str
    caption: str = ""

    def __post_init__(self):
        described(self.alt)


Part = str | Heading | Contents | Picture | Player | Table


def page(path: str | Path, title: str, parts: Sequence[Part], *, footer: str = "") -> Path:
    """Write one HTML page that needs no network and no other file.

    parts  a string is a paragraph; `Heading`, `Contents`, `Picture` (alt text required; plotly,
           5 MB, comes with the first), `Player`, `Table`. All text is escaped:
           names and notes from other people's files cannot become markup.
    The file is written under a temporary name and renamed.
    """
    body, data, played, pictures, players = [], [], [], 0, 0
    for part in parts:
        if isinstance(part, str):
            body.append(f"<p>{escape(part)}</p>")
        elif isinstance(part, Heading):
            anchor = f' id="{escape(part.anchor)}"' if part.anchor else ""
            body.append(f"<h2{anchor}>{escape(part.text)}</h2>")
        elif isinstance(part, Contents):
            links = [f'<li><a href="#{escape(one.anchor)}">{escape(one.text)}</a></li>'
                     for one in part.headings]  # fmt: skip
            body.append(f"<nav><ul>{''.join(links)}</ul></nav>")
        elif isinstance(part, Table):
            body.append(f'<div class="wide">{part._repr_html_()}</div>')
        elif isinstance(part, Picture):
            markup, script = _picture(part, pictures)
            body.append(markup)
            data.append(script)
            pictures += 1
        elif isinstance(part, Player):
            markup, script = player.markup(part, players)
            body.append(markup)
            played.append(script)
            players += 1
        else:
            raise InputError(
                f"a part of a page is a {type(part).__name__}, "
                "expected str, Heading, Contents, Picture, Player or Table"
            )
    scripts = f"{''.join(played)}<script>{player.scripts()}</script>" if players else ""
    style, broad = (_STYLE + player.STYLE, ' class="broad"') if players else (_STYLE, "")
    if pictures:
        from plotly.offline import get_plotlyjs

        scripts += f"<script>{get_plotlyjs()}</script>{''.join(data)}<script>{_SCRIPT}</script>"
    last = f"<footer>{escape(footer)}</footer>" if footer else ""
    html = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n<body><main{broad}>"
        f"<h1>{escape(title)}</h1>\n" + "\n".join(body) + f"\n{last}</main>\n"
        "<noscript><p>The figures need JavaScript; their descriptions do not.</p></noscript>\n"
        f"{scripts}</body></html>\n"
    )
    return paths.write_text(path, html)


def _picture(part: Picture, number: int) -> tuple[str, str]:
    """The markup of a figure, and the script element that holds its data."""
    # The page prints title and note itself, where they wrap with the window.
    bare, title, note = untitled(part.figure)
    made = plotly_bundle(bare)
    made["config"]["responsive"] = True
    layout = made["layout"]
    caption, note = escape(part.caption or title), escape(note)
    alt, height = escape(" ".join(part.alt.split())), layout.get("height", 450)
    identity = f"figure-{number}"
    # On a telephone a film's two parts stand one above the other, other sliders' figures scroll
    # sideways, and the rest fits.
    kind = "plot wide" if "sliders" in layout else "plot"
    if {"sliders", "scene", "xaxis"} <= layout.keys():
        kind = "plot stack"
    markup = (
        f"<figure>{f'<figcaption>{caption}</figcaption>' if caption else ''}"
        f'<div class="card"><div class="{kind}" id="{identity}" data-figure="{identity}-data" '
        f'role="group" aria-label="{alt}" style="height:{height}px"></div></div>'
        f"{f'<p class=note>{note}</p>' if note else ''}"
        f"<details><summary>Description of the figure</summary>{alt}</details></figure>"
    )
    text = json.dumps(made, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return markup, f'<script type="application/json" id="{identity}-data">{text}</script>'
