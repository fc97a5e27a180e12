/**
 * The page's style and icon, as text so that they are in the compiled binary. Colours pass WCAG AA on
 * their backgrounds in both schemes, and always stand beside a word, symbol or pattern.
 *
 * @module
 */
import { CHART_STYLE } from "./charts/chart_style.ts";

/** Served as `/icon.svg`. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#c2410c"/>
<path d="M8 21c4-14 12 4 16-10" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/>
<circle cx="8" cy="21" r="3" fill="#fff"/><circle cx="24" cy="11" r="3" fill="#fff"/></svg>`;

const COLOURS = `
:root {
  color-scheme: light dark;
  --page: #f3f4f6; --card: #ffffff; --inset: #f6f7f9; --text: #16191f; --quiet: #59616e; --line: #dfe3e8;
  --ok: #14692f; --ok-bg: #e3f4e8; --warn: #7a4500; --warn-bg: #fff0d1;
  --error: #a11616; --error-bg: #fde5e4; --info: #2c4a7c; --info-bg: #e6edf8; --accent: #ad3c0a;
  --link: #1d4f91; --mark: #8b94a3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --card: #181c22; --inset: #1e232a; --text: #e6e9ee; --quiet: #9ea8b6; --line: #2b313a;
    --ok: #7fd99a; --ok-bg: #12301d; --warn: #f5c35b; --warn-bg: #38290b;
    --error: #ff9c96; --error-bg: #421716; --info: #9fc0f5; --info-bg: #1a2a44; --accent: #ff9a62;
    --link: #9cc4ff; --mark: #67717f;
  }
}
`;

const FRAME = `
* { box-sizing: border-box; }
html { font: 15px/1.45 system-ui, sans-serif; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: .15em; }
a:hover { text-decoration-thickness: 2px; }
header, main, footer { max-width: 124rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1rem; padding-top: .7rem; }
header p { margin: 0; }
header nav, .levels { display: flex; flex-wrap: wrap; gap: .1rem .2rem; }
header nav a, .levels a { padding: .2rem .55rem; border-radius: .4rem; text-decoration: none; }
header nav a:hover, .levels a:hover { background: var(--info-bg); }
header nav a[aria-current], .levels a[aria-current] { background: var(--info-bg); color: var(--info);
  font-weight: 600; text-decoration: underline; }
.brand { font-weight: 600; color: var(--accent); }
.brand .quiet { font-weight: 400; }
.node { font-size: 1.3rem; font-weight: 700; }
.live { margin-left: auto !important; color: var(--quiet); }
.live.lost { color: var(--error); font-weight: 600; }
body.lost main { opacity: .7; }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: .9rem; padding-top: .7rem; outline: 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .9rem 1rem; min-width: 0; }
h1, h2, h3 { line-height: 1.3; }
h1 { font-size: 1.3rem; margin: 0 0 .6rem; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
h3 { font-size: .95rem; margin: .9rem 0 .3rem; }
h1 small, h2 small { font-weight: 400; font-size: .85rem; color: var(--quiet); margin-left: .6rem; }
footer { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; padding: 1rem; }
footer p { margin: 0; }
footer nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; }
a:focus-visible, .scroll:focus-visible, main:focus-visible, input:focus-visible, select:focus-visible,
button:focus-visible { outline: 3px solid var(--info); outline-offset: 2px; border-radius: .2rem; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 1; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; margin: 0; }
`;

const STATES = `
.verdict { display: flex; align-items: baseline; gap: .3rem .9rem; border-width: 2px;
  padding: .8rem 1rem; }
.verdict p { margin: 0; }
#sentence { font-size: 1.25rem; font-weight: 600; line-height: 1.35; }
#sentence .more { font-size: 1rem; font-weight: 400; white-space: nowrap; }
.beside { display: flex; flex-wrap: wrap; gap: .1rem 1.4rem; margin-top: .25rem !important; }
.beside .age { margin: 0; color: inherit; font-weight: inherit; }
.verdict.ok { background: var(--ok-bg); border-color: var(--ok); }
.verdict.warn { background: var(--warn-bg); border-color: var(--warn); }
.verdict.error { background: var(--error-bg); border-color: var(--error); }
.verdict .age { color: inherit; }
.verdict > .badge { font-size: 1.1rem; background: none; padding: 0; }
.badge { display: inline-flex; align-items: baseline; gap: .35em; padding: 0 .5em;
  border-radius: .35rem; font-weight: 600; white-space: nowrap; }
.badge.ok { color: var(--ok); background: var(--ok-bg); }
.badge.warn { color: var(--warn); background: var(--warn-bg); }
.badge.error { color: var(--error); background: var(--error-bg); }
.badge.info { color: var(--info); background: var(--info-bg); }
.findings, .plain, .legend, .role-cards, .items { list-style: none; margin: 0; padding: 0; }
.findings { display: grid; gap: .4rem; }
.findings li { display: flex; align-items: baseline; gap: .6rem; }
.plain li { padding: .15rem 0; }
.problem { color: var(--error); font-weight: 600; margin: .2rem 0; }
.warn > .problem { color: var(--warn); }
.quiet, .empty, .age { color: var(--quiet); }
.empty, .lead { margin: 0 0 .6rem; }
.lead { max-width: 70rem; }
.empty:last-child { margin-bottom: 0; }
.age { margin-left: .5em; font-weight: 400; white-space: nowrap; }
time { white-space: nowrap; }
.id, code { font-family: ui-monospace, monospace; font-size: .92em; }
.links { margin: .7rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }

.role-cards { display: grid; gap: .7rem; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); }
.card { border: 1px solid var(--line); border-left: 4px solid var(--ok); border-radius: .5rem;
  padding: .5rem .8rem .6rem; background: var(--inset); min-width: 0; }
.card.warn { border-left-color: var(--warn); } .card.error { border-left-color: var(--error); }
.card h3 { margin: 0; display: flex; flex-wrap: wrap; gap: .2rem .6rem; align-items: baseline;
  justify-content: space-between; }
.card p { margin: .15rem 0; }
.card .doing { color: var(--quiet); }
.facts { display: flex; flex-wrap: wrap; gap: .15rem 1rem; margin: .3rem 0 0; font-size: .9rem; }
.facts div { display: flex; gap: .35rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.facts .age { margin: 0; }
.figures { display: flex; flex-wrap: wrap; gap: .4rem 1.8rem; margin: 0 0 .8rem; }
.figure dt { color: var(--quiet); font-size: .85rem; }
.figure dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
.figure.ok dd { color: var(--ok); } .figure.warn dd { color: var(--warn); }
.figure.error dd, .figure.error a { color: var(--error); }
.pairs { display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); gap: .3rem 1.2rem;
  margin: 0; }
.pairs dt { color: var(--quiet); } .pairs dd { margin: 0; }
`;

const LISTS = `
.scroll { overflow-x: auto; }
.scroll + *, .shares + *, figure + * { margin-top: .8rem; }
.lines { max-height: 32rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0;
  border-top: 1px solid var(--line); overflow-wrap: normal; }
thead th { color: var(--quiet); font-weight: 400; font-size: .85rem; white-space: nowrap; border-top: 0; }
thead b { color: var(--text); }
td, tbody th { white-space: nowrap; }
tbody th { font-weight: 600; }
td.wide { white-space: normal; min-width: 14rem; overflow-wrap: anywhere; }
.numbers td, .numbers th:not(:first-child), td.number, #resyncs-table th:nth-child(n+4),
#resync-guards th:nth-child(3), #resync-guards th:nth-child(4), #resync-left-out th:nth-child(3),
#ports-differing th:nth-child(6) { text-align: right; }
.number { font-variant-numeric: tabular-nums; }
.zero { color: var(--quiet); } .changed { font-weight: 700; }
.events, .log { list-style: none; margin: 0; padding: 0; }
.events li, .log li { display: grid; gap: 0 .8rem; align-items: baseline; padding: .22rem 0;
  border-top: 1px solid var(--line); }
.events li { grid-template-columns: 9.5rem 5.2rem 11.5rem minmax(0, 1fr); }
.log li { grid-template-columns: 9.5rem 5.2rem minmax(0, 1fr) auto; }
.events li:first-child, .log li:first-child { border-top: 0; }
.events .badge, .log .badge { justify-self: start; }
.source, .fields { color: var(--quiet); }
.fields { font-family: ui-monospace, monospace; font-size: .88em; }
.filter { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .8rem 0; }
input, select, button { font: inherit; color: inherit; background: var(--inset); padding: .2rem .5rem;
  border: 1px solid var(--mark); border-radius: .35rem; max-width: 100%; }
button { cursor: pointer; padding: .2rem .9rem; }
.pager { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin-top: .8rem; }
.levels { margin-bottom: .5rem; }
.differences { padding-left: 2.2rem; margin: 0; }
.differences li { border-top: 1px solid var(--line); padding: .5rem 0; }
.differences h3 { margin: 0; } .differences p { margin: .1rem 0 .3rem; }
.diff { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .88rem; background: var(--inset);
  border-radius: .3rem; padding: .4rem .6rem; max-height: 24rem; overflow-y: auto; }
.old { color: var(--error); } .new { color: var(--ok); }
`;

const SIZES = `
@media (min-width: 75rem) {
  main { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  #verdict, #findings, #roles, #hour, #events, #missing, main > section:first-child, #log, #metrics,
  #permissions, #differences, #ports-latest, #election-history { grid-column: 1 / -1; }
  .verdict { align-items: baseline; }
  #sentence { font-size: 1.45rem; }
}
@media (min-width: 110rem) { html { font-size: 17px; } }
@media (max-width: 48rem) {
  header, main, footer { padding-left: .6rem; padding-right: .6rem; }
  section { padding: .7rem .8rem; }
  .live { margin-left: 0 !important; }
  header nav { width: 100%; order: 3; margin-left: -.4rem; }
  .verdict { flex-direction: column; }
  #sentence { font-size: 1.15rem; }
  .figures { gap: .4rem 1.2rem; }
  .events li, .log li { display: flex; flex-wrap: wrap; gap: 0 .6rem; }
  .message { flex-basis: 100%; }
  .log .pid { display: none; }
  .pairs { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .pairs dd { margin-bottom: .5rem; }
  .differences { padding-left: 1.4rem; }
  .lines { max-height: 24rem; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;

/** Served as `/app.css`. */
export const STYLE = COLOURS + FRAME + STATES + LISTS + CHART_STYLE + SIZES;
