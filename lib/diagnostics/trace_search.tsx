/** The search box at the top of every page; what it finds is a page of its own. Pure. @module */
import { MAX_QUERY_CHARS } from "../trace/query.ts";

const LABEL = "Port, VM, IP address or host";
/** As short as its place. */
const PLACEHOLDER = "Port, VM, IP or host";

/** The form: it works without JavaScript. */
export function TraceSearch() {
  return (
    <form class="filter" method="get" action="/trace" role="search">
      <input
        id="search-q"
        name="q"
        type="search"
        maxlength={MAX_QUERY_CHARS}
        size={PLACEHOLDER.length}
        aria-label={LABEL}
        placeholder={PLACEHOLDER}
      />
      <button id="search-go" type="submit">Trace</button>
    </form>
  );
}
