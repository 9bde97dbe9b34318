/**
 * The style of the report. On a narrow screen each row becomes a block with its own labels; on paper the head of a
 * table stands on each page, and no row is cut.
 */
export const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 90rem; font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; color: #1c2128; background: #fff; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
.scope, .count { color: #4d5661; }
.count { font-weight: normal; font-size: 1rem; }
.notes { margin: 1rem 0; padding: .6rem 1rem; border-left: 4px solid #b7791f; background: #fdf6e7; }
.notes h2 { margin: 0 0 .25rem; font-size: 1rem; }
.notes ul { margin: 0; padding-left: 1.1rem; }
.totals { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem; margin: 1rem 0; padding: 0; }
.totals div { padding: .5rem .75rem; border: 1px solid #d5dae0; border-radius: 6px; }
.totals dt { color: #4d5661; font-size: .85rem; }
.totals dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.list { padding: 0; list-style: none; columns: 18rem; }
.list li { overflow-wrap: anywhere; break-inside: avoid; }
a { color: #0b5cad; }
figure { margin: .5rem 0 .75rem; }
figcaption { color: #4d5661; font-size: .85rem; }
.line { display: block; overflow: visible; }
.line text { font-size: 11px; fill: #1c2128; }
.line .at { fill: #4d5661; }
.tick { stroke: #d5dae0; stroke-width: 1; }
rect { stroke-width: 2; }
rect.over { fill: #57779b; stroke: #57779b; }
rect.live { fill: #1a7f4b; stroke: #1a7f4b; }
rect.never { fill: #fff; stroke: #8b95a1; }
rect.unsure { fill: #fff; stroke: #c0362c; stroke-dasharray: 4 2; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .85rem; color: #4d5661; }
.legend span { display: inline-flex; align-items: center; gap: .4rem; }
.legend svg { flex: none; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; font-size: .85rem; }
th, td { padding: .4rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th:nth-child(1) { width: 18%; }
th:nth-child(2) { width: 16%; }
th:nth-child(3) { width: 15%; }
th:nth-child(4) { width: 15%; }
th:nth-child(5) { width: 19%; }
th { border-bottom: 2px solid #8b95a1; font-weight: 600; }
td { border-bottom: 1px solid #e3e7eb; }
td b { font-weight: 600; }
td div { margin-bottom: .15rem; }
.small { color: #4d5661; font-size: .9em; }
.code { color: #4d5661; font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, "Liberation Mono", monospace; font-size: .9em; }
.mark { display: inline-block; padding: 0 .35rem; border-radius: 4px; border: 1px solid currentcolor; font-size: .9em; }
.mark.live { color: #1a7f4b; }
.mark.unsure { color: #c0362c; }
footer { margin-top: 2rem; color: #4d5661; font-size: .85rem; }
@media screen and (max-width: 760px) {
  body { padding: 1rem; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td { display: block; }
  tr { padding: .6rem 0; border-bottom: 2px solid #d5dae0; }
  td { display: grid; grid-template-columns: 6.5rem 1fr; gap: 0 .5rem; padding: .2rem 0; border: 0; }
  td::before { content: attr(data-label); color: #4d5661; grid-row: 1 / span 12; }
  td > * { grid-column: 2; min-width: 0; }
}
@page { size: A4 landscape; margin: 12mm; }
@media print {
  :root { font-size: 12px; }
  body { padding: 0; max-width: none; font-size: 9pt; color: #000; background: #fff; }
  table { font-size: 7.5pt; }
  th, td { padding: .25rem .4rem; }
  .scope, .count, .small, .code, .legend, .totals dt, figcaption, footer, .line .at, .line text { color: #000; fill: #000; }
  .notes { background: #fff; border: 1px solid #000; }
  nav { display: none; }
  a { color: #000; text-decoration: none; }
  thead { display: table-header-group; }
  tr, figure, .notes, .totals div { break-inside: avoid; }
  h2 { break-after: avoid; }
  rect, .legend rect { print-color-adjust: exact; }
  rect.over { fill: #777; stroke: #777; }
  rect.live { fill: #000; stroke: #000; }
  rect.never, rect.unsure { stroke: #000; }
  .mark.live, .mark.unsure { color: #000; }
}
`;
