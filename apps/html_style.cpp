#include "apps/html.hpp"

namespace bijou::inline BIJOU_SCALAR::html {

std::string style() {
  return R"(<style>
:root { color-scheme: light dark; --page: #f7f6f2; --card: #ffffff; --ink: #22262e; --soft: #656b77; --line: #e2e0d8;
  --a: #0072b2; --b: #d55e00; --c: #8a919e; --paper: #ffffff; --track: #ece9e1; }
@media (prefers-color-scheme: dark) { :root { --page: #14171c; --card: #1c2027; --ink: #e6e8ec; --soft: #9aa1ad;
  --line: #2e343e; --a: #5ab4ea; --b: #f08a3c; --c: #7d8592; --paper: #eceef1; --track: #2a303a; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.55;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Cantarell, sans-serif; font-size: 1rem; }
header, nav, main, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3rem; }
h1, h2, .main b, .card b { font-family: ui-serif, "Iowan Old Style", Charter, Georgia, "Noto Serif", serif; }
h1 { font-size: clamp(2rem, 6vw, 3.2rem); line-height: 1.1; margin: .1em 0 .2em; font-weight: 600; overflow-wrap: anywhere; }
h1 span { color: var(--soft); font-weight: 400; }
header p { margin: 0; color: var(--soft); }
.eyebrow { letter-spacing: .04em; font-size: .85rem; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .4rem; padding-top: 1.2rem; padding-bottom: 1.6rem; }
nav a { color: var(--soft); text-decoration: none; font-size: .85rem; padding: .2rem .62rem; border: 1px solid var(--line);
  border-radius: 99px; }
nav a:hover, nav a:focus { color: var(--ink); border-color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.4rem 1.6rem 1.6rem;
  margin-bottom: 1.4rem; min-width: 0; }
h2 { font-size: 1.5rem; font-weight: 600; margin: 0 0 .8rem; }
h3 { font-size: .92rem; font-weight: 600; color: var(--soft); margin: 1.5rem 0 .6rem; }
p { margin: 0 0 .8rem; }
.note { color: var(--soft); font-size: .9rem; margin: .9rem 0 0; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: .85rem; padding-bottom: 3rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86rem; }
pre { background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: .4rem 0;
  overflow-x: auto; }
summary { cursor: pointer; margin-top: 1.4rem; font-weight: 600; }
.hero { display: grid; grid-template-columns: auto 1fr; gap: 1rem 3rem; align-items: center; }
.main b { display: block; font-size: clamp(3.4rem, 11vw, 5.4rem); line-height: 1; font-weight: 600; color: var(--a);
  font-variant-numeric: lining-nums; }
.main span, .main small { display: block; }
.main span { font-size: 1.1rem; margin-top: .3rem; }
.main small, .card small { color: var(--soft); font-size: .85rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.4rem, 1fr)); gap: 1rem; }
.card { border-left: 3px solid var(--line); padding-left: .9rem; min-width: 0; }
.card b { display: block; font-size: 1.6rem; line-height: 1.2; font-weight: 600; font-variant-numeric: lining-nums; }
.card span, .card small { display: block; }
.bar { display: grid; grid-template-columns: 14rem 1fr 8.6rem; gap: .9rem; align-items: center; padding: .22rem 0;
  font-size: .93rem; }
.bar .of { overflow-wrap: anywhere; line-height: 1.3; }
.track { display: block; background: var(--track); border-radius: 4px; height: 1rem; overflow: hidden; }
.track span { display: block; height: 100%; background: var(--c); border-radius: 4px; min-width: 1px; }
.chosen { font-weight: 600; } .chosen .track span { background: var(--a); }
.bar .value { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.chart { position: relative; height: clamp(14rem, 36vw, 22rem); margin: .6rem 0 2.9rem 3.4rem; border-left: 1px solid var(--line);
  border-bottom: 1px solid var(--line); }
.chart.flat { margin-left: 0; height: clamp(11rem, 26vw, 15rem); } .chart.flat .beside { display: none; }
.chart.small { height: 6.5rem; margin: .2rem 0 2.4rem; }
.three .chart { height: 8rem; margin-left: 2.6rem; }
.chart svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: hidden; }
.chart path { fill: none; vector-effect: non-scaling-stroke; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .line { stroke-width: 2; stroke-linejoin: round; }
.chart .level { stroke: var(--c); stroke-width: 1.2; stroke-dasharray: 5 4; }
.line.a { stroke: var(--a); } .line.b { stroke: var(--b); } .line.c { stroke: var(--c); }
.chart path.area { stroke: none; opacity: .16; } .area.a { fill: var(--a); } .area.b { fill: var(--b); } .area.c { fill: var(--c); }
.chart span { position: absolute; font-size: .78rem; color: var(--soft); white-space: nowrap; line-height: 1.2;
  font-variant-numeric: tabular-nums; }
.chart .below { top: 100%; transform: translateX(-50%); padding-top: .35rem; }
.chart .beside { right: 100%; transform: translateY(-50%); padding-right: .5rem; }
.chart .foot { top: 100%; left: 0; right: 0; text-align: center; overflow: hidden; text-overflow: ellipsis; padding-top: 1.55rem; }
.chart .name { right: 100%; top: -1.5rem; padding-right: .5rem; }
.chart .dot { width: 10px; height: 10px; margin: -5px; border-radius: 50%; background: var(--a); }
.chart .dot.b { background: var(--b); }
.chart .dot.best { border: 2px solid var(--card); width: 13px; height: 13px; margin: -6.5px; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.2rem; font-size: .88rem; margin: 0 0 1.9rem; }
.key { display: inline-flex; align-items: center; gap: .4rem; }
.key::before { content: ""; flex: none; width: 1.1rem; height: 3px; border-radius: 2px; }
.key.a::before { background: var(--a); } .key.b::before { background: var(--b); } .key.c::before { background: var(--c); }
.key.level::before { height: 0; border-top: 2px dashed var(--c); border-radius: 0; }
.key.point::before { width: 9px; height: 9px; border-radius: 50%; background: var(--a); }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 0 2.5rem; }
.three { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0 2rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .4rem 1.6rem; }
.two > *, .three > *, .columns > * { min-width: 0; }
.facts { margin: 0; font-size: .9rem; }
.facts div { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 1px solid var(--line); padding: .22rem 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin-top: 1.2rem; }
table { border-collapse: collapse; width: 100%; min-width: 34rem; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); font-weight: 400; white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; } thead th { color: var(--soft); } .sum > * { font-weight: 600; }
figure { margin: 0 0 1.2rem; min-width: 0; }
figcaption { font-size: .88rem; color: var(--soft); margin-top: .4rem; }
img { display: block; max-width: 100%; height: auto; background: var(--paper); border-radius: 6px; }
img.sharp { width: 100%; image-rendering: pixelated; border-radius: 3px; }
@media (prefers-color-scheme: dark) { img { filter: brightness(.9); } }
.film { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1rem; }
.film.of-3 { grid-template-columns: repeat(3, 1fr); } .film.few { grid-template-columns: repeat(2, minmax(0, 22rem)); }
.film figure { margin: 0; } .film figcaption { text-align: center; }
.sheets { columns: 2; column-gap: 1.6rem; } .sheets figure { break-inside: avoid; padding-bottom: .1px; }
.labelled { display: grid; grid-template-columns: auto 1fr; gap: .7rem; }
.labelled .rows { display: grid; grid-auto-rows: 1fr; align-items: center; font-size: .8rem; color: var(--soft); text-align: right;
  font-variant-numeric: tabular-nums; }
.plot > div { overflow-x: auto; } .plot img { width: 100%; padding: .5rem; } .plot:not(.wide) { max-width: 34rem; }
.sheets .plot img { padding: 0; }
@media (max-width: 44rem) {
  header { padding-top: 1.8rem; }
  header, nav, main, footer { padding-left: 1rem; padding-right: 1rem; }
  main { padding-left: .5rem; padding-right: .5rem; }
  section { padding: 1.1rem 1rem 1.2rem; border-radius: 10px; }
  .hero, .two, .three { grid-template-columns: 1fr; }
  .sheets { columns: 1; }
  .cards { grid-template-columns: 1fr 1fr; }
  .film, .film.of-3, .film.few { grid-template-columns: 1fr 1fr; }
  .bar { grid-template-columns: 1fr auto; gap: .1rem .9rem; padding: .4rem 0; } .bar .track { grid-row: 2; grid-column: 1 / -1; height: .7rem; }
  .plot.wide img { min-width: 38rem; max-width: none; }
  .plot.wide::before, .scroll::before { content: "\2194  goes on to the side"; position: sticky; left: 0; font-size: .8rem; color: var(--soft); }
}
@media print { section { break-inside: avoid; } nav { display: none; } }
</style>
)";
}

}  // namespace bijou::inline BIJOU_SCALAR::html
