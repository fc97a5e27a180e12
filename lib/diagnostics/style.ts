/**
 * The page's style and icon, as text so that they are in the compiled binary. Colours pass WCAG AA on
 * their backgrounds in both schemes, and always stand beside a word or symbol.
 *
 * @module
 */

/** Served as `/icon.svg`. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#c2410c"/>
<path d="M8 21c4-14 12 4 16-10" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/>
<circle cx="8" cy="21" r="3" fill="#fff"/><circle cx="24" cy="11" r="3" fill="#fff"/></svg>`;

/** Served as `/app.css`. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f3f4f6; --card: #ffffff; --text: #16191f; --quiet: #5a6270; --line: #dfe3e8;
  --ok: #14692f; --ok-bg: #e3f4e8; --warn: #7d4700; --warn-bg: #fff0d1;
  --error: #a11616; --error-bg: #fde5e4; --info: #2c4a7c; --info-bg: #e6edf8; --accent: #b5400d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --card: #181c22; --text: #e6e9ee; --quiet: #9aa4b2; --line: #2b313a;
    --ok: #7fd99a; --ok-bg: #12301d; --warn: #f5c35b; --warn-bg: #38290b;
    --error: #ff9c96; --error-bg: #421716; --info: #9fc0f5; --info-bg: #1a2a44; --accent: #ff9a62;
  }
}
* { box-sizing: border-box; }
html { font: 15px/1.45 system-ui, sans-serif; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere; }
header, main, footer { max-width: 120rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .8rem; padding-top: .8rem; }
header p { margin: 0; color: var(--quiet); }
.brand { font-weight: 600; color: var(--accent) !important; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
h2 small { font-weight: 400; color: var(--quiet); margin-left: .6rem; }
.live { margin-left: auto !important; }
.live.lost { color: var(--error); font-weight: 600; }
body.lost main { opacity: .6; }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; padding-top: .8rem; outline: 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .9rem 1rem; min-width: 0; }
footer { padding: 1rem; }
footer a { color: var(--quiet); margin-right: 1rem; }
a:focus-visible, .scroll:focus-visible, main:focus-visible { outline: 3px solid var(--info);
  outline-offset: 2px; border-radius: .2rem; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 1; }

.verdict { display: flex; align-items: center; gap: .9rem; border-width: 2px; padding: .8rem 1rem; }
.verdict p { margin: 0; font-size: 1.2rem; font-weight: 600; line-height: 1.35; }
.verdict.ok { background: var(--ok-bg); border-color: var(--ok); }
.verdict.warn { background: var(--warn-bg); border-color: var(--warn); }
.verdict.error { background: var(--error-bg); border-color: var(--error); }
.verdict .badge { font-size: 1.05rem; background: none; padding: 0; }
.badge { display: inline-flex; align-items: baseline; gap: .35em; padding: 0 .5em;
  border-radius: .35rem; font-weight: 600; white-space: nowrap; }
.badge.ok { color: var(--ok); background: var(--ok-bg); }
.badge.warn { color: var(--warn); background: var(--warn-bg); }
.badge.error { color: var(--error); background: var(--error-bg); }
.badge.info { color: var(--info); background: var(--info-bg); }
.findings { list-style: none; margin: 0; padding: 0; display: grid; gap: .4rem; }
.findings li { display: flex; align-items: baseline; gap: .6rem; }

.figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0; }
.figures + * { margin-top: .8rem; }
.figure dt { color: var(--quiet); font-size: .85rem; }
.figure dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
.figure.ok dd { color: var(--ok); } .figure.warn dd { color: var(--warn); }
.figure.error dd { color: var(--error); }

.scroll { overflow-x: auto; }
.scroll + .scroll, .scroll + .findings, .findings + .scroll { margin-top: 1rem; }
#agents .scroll, #ports .scroll { max-height: 26rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .3rem; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-top: 1px solid var(--line); overflow-wrap: normal; }
thead th { color: var(--quiet); font-weight: 400; font-size: .85rem; white-space: nowrap;
  border-top: 0; }
.scroll thead th { position: sticky; top: 0; background: var(--card); }
.scroll td { white-space: nowrap; }
tbody th { font-weight: 600; }
.numbers td, .numbers th:not(:first-child) { text-align: right; }
.number { font-variant-numeric: tabular-nums; }
.zero { color: var(--quiet); } .changed { font-weight: 700; }
td .problem, td .quiet, .wide > span { display: block; }
.wide { overflow-wrap: anywhere; }
.problem { color: var(--error); font-weight: 600; margin: .2rem 0; }
tr.warn .problem { color: var(--warn); }
.quiet, .empty, .age { color: var(--quiet); }
.empty, .lead { margin: 0 0 .6rem; }
.empty:last-child { margin-bottom: 0; }
.age { margin-left: .5em; font-weight: 400; white-space: nowrap; }
time { white-space: nowrap; }
.id { font-family: ui-monospace, monospace; font-size: .92em; }
.bar { display: inline-flex; align-items: center; gap: .6rem; }
.bar svg { width: 8rem; height: .65rem; fill: var(--info); background: var(--page);
  border-radius: .2rem; }
.bar svg.error { fill: var(--error); }
.events { list-style: none; margin: 0; padding: 0; max-height: 30rem; overflow-y: auto; }
.events li { display: grid; grid-template-columns: 10rem 5.5rem 11rem minmax(0, 1fr); gap: 0 .8rem;
  align-items: baseline; padding: .25rem 0; border-top: 1px solid var(--line); }
.events li:first-child { border-top: 0; }
.events .badge { justify-self: start; }
.source { color: var(--quiet); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }

@media (min-width: 90rem) {
  main { grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: start; }
  #verdict, #findings, #mastership, #roles { grid-column: 1 / -1; }
  .verdict p { font-size: 1.5rem; }
}
@media (min-width: 110rem) { html { font-size: 17px; } }
@media (max-width: 48rem) {
  header, main, footer { padding-left: .6rem; padding-right: .6rem; }
  section { padding: .7rem .8rem; }
  .live { margin-left: 0 !important; }
  .verdict { flex-direction: column; align-items: flex-start; gap: .2rem; }
  .verdict p { font-size: 1.1rem; }
  .figures { gap: .5rem 1.2rem; }
  .events li { display: flex; flex-wrap: wrap; gap: 0 .6rem; }
  .events .message { flex-basis: 100%; }
  .cards thead { position: absolute; clip-path: inset(50%); }
  .cards, .cards tbody, .cards tr, .cards th, .cards td { display: block; }
  .cards tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  .cards tbody tr:first-child { border-top: 0; padding-top: 0; }
  .cards th, .cards td { border: 0; padding: .05rem 0; }
  .cards td[data-label] { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: .5rem; }
  .cards td[data-label]::before { content: attr(data-label); color: var(--quiet); }
  .cards td[data-label] .badge { justify-self: start; }
  .cards td[data-label] > span:not(.badge):not(.when) { grid-column: 2; }
}
`;
