/** What the page's browser loads beside the page: script, style and icon, from the files beside this. @module */
import icon from "./icon.svg" with { type: "text" };
import iconError from "./icon-error.svg" with { type: "text" };
import iconWarn from "./icon-warn.svg" with { type: "text" };
import cards from "./cards.css" with { type: "text" };
import charts from "./charts.css" with { type: "text" };
import lists from "./lists.css" with { type: "text" };
import page from "./page.css" with { type: "text" };
import script from "./page.js" with { type: "text" };
import sizes from "./sizes.css" with { type: "text" };
import states from "./states.css" with { type: "text" };

/** An asset as it is served. */
export interface Asset {
  readonly path: string;
  readonly text: string;
  /** Its media type. */
  readonly type: string;
}

/** All of them. */
export const ASSETS: readonly Asset[] = [
  { path: "/app.js", text: script, type: "text/javascript; charset=utf-8" },
  {
    path: "/app.css",
    text: [page, states, cards, lists, charts, sizes].join("\n"),
    type: "text/css; charset=utf-8",
  },
  { path: "/icon.svg", text: icon, type: "image/svg+xml" },
  { path: "/icon-warn.svg", text: iconWarn, type: "image/svg+xml" },
  { path: "/icon-error.svg", text: iconError, type: "image/svg+xml" },
];
