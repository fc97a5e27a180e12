/** The style of the drawings. @module */

/** Part of `/app.css`. */
export const CHART_STYLE = `
figure { margin: 0; }
figcaption { display: flex; flex-wrap: wrap; gap: 0 .8rem; align-items: baseline; margin-bottom: .3rem; }
svg { display: block; overflow: visible; }
svg .grid { stroke: var(--line); stroke-width: 1; fill: none; vector-effect: non-scaling-stroke; }
.charts { display: grid; gap: 1rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
.chart svg { width: 100%; height: 5.5rem; }
.chart .line { stroke: var(--info); stroke-width: 2; fill: none; vector-effect: non-scaling-stroke;
  stroke-linejoin: round; stroke-linecap: round; }
.chart .area { fill: var(--info-bg); }
.chart .limit { stroke: var(--error); stroke-width: 1.5; stroke-dasharray: 6 4; fill: none;
  vector-effect: non-scaling-stroke; }
.axis { display: flex; justify-content: space-between; margin: .2rem 0 0; font-size: .8rem; }
#chart-memory { max-width: 50rem; margin-top: .8rem; }

.timeline .row { display: grid; grid-template-columns: minmax(4rem, 9rem) minmax(0, 1fr); gap: .8rem;
  align-items: center; margin: .25rem 0; }
.timeline .name { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.timeline svg { width: 100%; height: 1.3rem; }
.timeline .ended { fill: var(--mark); stroke: var(--card); stroke-width: 1; vector-effect: non-scaling-stroke; }
.timeline .now { fill: var(--ok); }
.timeline .gap { fill: var(--error); }
.timeline .axis { align-items: start; }
.ticks { display: flex; justify-content: space-between; }

.bars .drawing { width: 100%; height: 9.5rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin-top: .5rem; font-size: .9rem; }
.legend li { display: flex; align-items: center; gap: .35rem; }
.bars .legend svg { width: 1.2rem; height: .8rem; }
.etcdReadMs rect { fill: #2f5d9e; }
.neutronReadMs rect { fill: #e4eaf3; } .neutronReadMs path { stroke: #2f5d9e; stroke-width: 1.2; }
.compareMs rect { fill: #e9dcc3; } .compareMs circle { fill: #6b4a00; }
.writeMs rect { fill: #b8530f; } .writeMs path { stroke: #ffd9b8; stroke-width: 1.4; }
.phase { stroke: var(--mark); stroke-width: .5; }
.whole { fill: var(--mark); }
.changes { fill: var(--accent); }
.hit { fill: transparent; } a:hover .hit, a:focus .hit { fill: var(--info-bg); }
path.cross { stroke: var(--error); stroke-width: 2; fill: none; }
path.hold { stroke: var(--warn); stroke-width: 2; fill: none; }
span.cross { color: var(--error); font-weight: 700; }

.shares > svg { width: 100%; height: .9rem; border-radius: .3rem; background: var(--inset); overflow: hidden; }
.shares rect.ok { fill: var(--ok); } .shares rect.info { fill: var(--info); }
.shares rect.warn { fill: var(--warn); } .shares rect.error { fill: var(--error); }
.shares rect { stroke: var(--card); stroke-width: 2; }
.legend .ok { color: var(--ok); } .legend .info { color: var(--info); }
.legend .warn { color: var(--warn); } .legend .error { color: var(--error); }
.legend .none { color: var(--quiet); }
`;
