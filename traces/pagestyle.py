"""The style of the page of a trace: light and dark, wide and narrow; filters without a script."""

from collections.abc import Iterable
from typing import Final

from bifente.traces.explanation.phases import Phase

COLOURS: Final = {
    Phase.CALL: ("#334155", "#cbd5e1"),
    Phase.SLOT: ("#6b7280", "#9aa3b2"),
    Phase.SELECTION: ("#4b6584", "#8fb0d6"),
    Phase.PIN: ("#b45309", "#f0a83c"),
    Phase.RECOGNITION: ("#7c3aed", "#b594ff"),
    Phase.RIGHTS: ("#0f766e", "#4fd1c0"),
    Phase.READING: ("#1d6fb8", "#6db5f5"),
    Phase.SIGNING: ("#be185d", "#ff86bd"),
    Phase.DECIPHERING: ("#a16207", "#e3c34f"),
    Phase.WRITING: ("#c2410c", "#ff9466"),
    Phase.OTHER: ("#57606a", "#a7b0bb"),
}
"""Of each phase its colour on a light and on a dark page."""

_STYLE: Final = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1c2128;--quiet:#5c6672;--line:#dde2e8;--ok:#17693f;
--warn:#8a5a00;--bad:#b3261e;--oksoft:#e3f3ea;--warnsoft:#fbefd5;--badsoft:#fbe4e2;--ask:#1d5fa8;
--mono:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){:root{--page:#12161b;--card:#1b2128;--ink:#dfe5ec;--quiet:#93a0ae;--line:#303944;
--ok:#63d39a;--warn:#e8bd5c;--bad:#ff8a80;--oksoft:#153226;--warnsoft:#372c12;--badsoft:#3d1d1b;--ask:#7fb7f5}}
*{box-sizing:border-box}
body{font:14px/1.45 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;margin:0;background:var(--page);color:var(--ink)}
main,header{max-width:76rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.4rem}
h1{font-size:1.35rem;margin:0 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1rem;margin:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 1rem}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}dd code{font-size:.92em}
code,pre{font-family:var(--mono)}
svg.course{display:block;width:100%;height:auto;margin:.2rem 0 .8rem}
svg.course text{font:11px system-ui,"DejaVu Sans",sans-serif;fill:var(--quiet)}
svg.course line{stroke:var(--line)}
.filter{position:sticky;top:0;z-index:2;background:var(--page);border-bottom:1px solid var(--line);padding:.5rem 0 .4rem}
.filter>div{max-width:76rem;margin:0 auto;padding:0 1rem;display:flex;flex-wrap:wrap;gap:.35rem .45rem;align-items:center}
.filter label{display:inline-flex;gap:.35rem;align-items:center;border:1px solid var(--line);border-radius:99px;
padding:.1rem .65rem .1rem .45rem;background:var(--card);cursor:pointer;white-space:nowrap;font-size:.92em}
.filter label:has(input:not(:checked)){color:var(--quiet);background:none}
.filter label.turned:has(input:checked){border-color:var(--bad);color:var(--bad)}
.filter input{margin:0;accent-color:var(--c,var(--ask))}
.filter input:focus-visible,summary:focus-visible{outline:2px solid var(--ask);outline-offset:2px}
.filter i{font-style:normal;color:var(--quiet)}
.lanes{display:grid;grid-template-columns:minmax(0,1fr) 5.5rem minmax(0,1fr);gap:0 .4rem;margin:.7rem 0 .2rem;
padding-left:calc(4px + .7rem)}
.others{display:flex;gap:.4rem;padding:0!important;border:0!important;background:none!important}
.others>div{flex:1;border:1px solid var(--line);border-radius:.5rem;background:var(--card);padding:.25rem .5rem}
.lanes>*{text-align:center;border:1px solid var(--line);border-radius:.5rem;background:var(--card);padding:.25rem .5rem;
font-weight:600;overflow-wrap:anywhere}
.lanes small{display:block;font-weight:400;color:var(--quiet)}
section{border-left:4px solid var(--c);padding:.1rem 0 .3rem .7rem;margin:.9rem 0}
section>h2{color:var(--c);display:flex;gap:.6rem;align-items:baseline;flex-wrap:wrap}
section>h2 small{color:var(--quiet);font-weight:400;font-size:.85rem}
.row{display:grid;grid-template-columns:minmax(0,1fr) 5.5rem minmax(0,1fr);gap:0 .4rem;align-items:start;padding:.16rem 0}
.one .row,.one .lanes{grid-template-columns:5.5rem minmax(0,1fr)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.3rem .6rem .35rem;position:relative;
grid-row:1;min-width:0}
.l .card{grid-column:1}.l .spine{grid-column:2}.r .spine{grid-column:2}.r .card{grid-column:3}
.one .r .spine,.one .l .spine{grid-column:1}.one .r .card,.one .l .card{grid-column:2}
.l .card::after,.r .card::before{content:"";position:absolute;top:.6rem;border:.36rem solid transparent}
.l .card::after{left:100%;border-left-width:0;border-right-color:var(--c)}
.r .card::before{right:100%;border-right-width:0;border-left-color:var(--c)}
.refused .card{border-color:var(--bad)}
.spine{grid-row:1;text-align:center;font-size:.82em;color:var(--quiet);font-variant-numeric:tabular-nums;padding-top:.3rem;
align-self:stretch;border-left:2px solid var(--line);margin-left:50%;padding-left:0}
.spine>span{display:block;transform:translateX(-50%);width:5.1rem;background:var(--page);padding:.05rem 0}
.asked{color:var(--ask);font-weight:600;overflow-wrap:anywhere}
.said,.why{overflow-wrap:anywhere}
.why{font-style:italic;font-size:.92em}
.said code,.pill{border-radius:.3rem;padding:0 .35rem;font-size:.88em}
.ok code{background:var(--oksoft);color:var(--ok)}.warn code{background:var(--warnsoft);color:var(--warn)}
.bad code{background:var(--badsoft);color:var(--bad)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.foot{display:flex;flex-wrap:wrap;gap:0 .9rem;font-size:.86em;color:var(--quiet);align-items:baseline}
.where{overflow-wrap:anywhere}
details[open]{flex-basis:100%}summary{cursor:pointer}
pre{color:var(--ink);margin:.3rem 0 .1rem;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.95em;line-height:1.5}
.bar{display:block;height:4px;border-radius:2px;background:var(--c,var(--ask));opacity:.75}
.spine .bar{margin:.15rem auto 0}.spine>.lane{display:none}
.event{display:grid;grid-template-columns:5.5rem minmax(0,1fr);gap:0 .6rem;color:var(--quiet);padding:.12rem 0;
overflow-wrap:anywhere}
.event span{text-align:right;font-variant-numeric:tabular-nums;font-size:.82em;padding-top:.1rem}
footer{max-width:76rem;margin:0 auto;padding:.5rem 1rem 2rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:.4rem 0;min-width:34rem}
th{text-align:left;font-weight:600}th,td{border-bottom:1px solid var(--line);padding:.22rem .7rem .22rem 0}
td.t,th.t{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td .bar{min-width:1px}td:last-child{width:12rem}
.none{display:none;color:var(--quiet);padding:1rem 0}
@media (max-width:46rem){
.lanes,.row,.one .row,.one .lanes{grid-template-columns:minmax(0,1fr)}
.lanes{grid-template-columns:1fr 1fr}.lanes .terminal{display:none}.one .lanes{grid-template-columns:1fr}
.row .card,.one .row .card{grid-column:1;grid-row:2}
.row .spine,.one .row .spine{grid-column:1;grid-row:1;border:0;margin:0;padding:.1rem 0;display:flex;gap:.6rem;
align-items:center;text-align:left}
.l .card::after,.r .card::before{display:none}
.spine>span{transform:none;width:auto;background:none}.spine .bar{margin:0}
.l .card{margin-right:12%}.r .card{margin-left:12%}.one .row .card{margin:0}
.spine>.lane{display:inline;font-weight:600}svg.course text{font-size:24px}
section{padding-left:.5rem}.lanes{padding-left:0}.filter{position:static}
}
@media print{.filter{display:none}.card{break-inside:avoid}body{background:#fff}}
"""


def style(phases: Iterable[Phase], slots: int) -> str:
    """The whole style sheet, with the colours of *phases* and a filter for each of them and for each slot."""
    lines = [_STYLE]
    dark = []
    for phase in phases:
        light, night = COLOURS[phase]
        lines.append(f".p-{phase.name.lower()}{{--c:{light}}}")
        dark.append(f".p-{phase.name.lower()}{{--c:{night}}}")
        lines.append(
            f"body:has(#p-{phase.name.lower()}:not(:checked)) section.p-{phase.name.lower()}{{display:none}}"
        )
    lines.append(f"@media (prefers-color-scheme:dark){{{''.join(dark)}}}")
    lines += [f"body:has(#s{at}:not(:checked)) .s{at}{{display:none}}" for at in range(slots)]
    lines.append(
        "body:has(#refused:checked) :is(.row:not(.refused),.event,section:not(:has(.refused))){display:none}"
    )
    lines.append("body:has(#refused:checked):not(:has(.row.refused)) .none{display:block}")
    return "\n".join(lines)
