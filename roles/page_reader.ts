/** Reads this node's own page for the command line, which has no network: answers with the status. @module */
import { type PageAddress, readPage } from "../lib/diagnostics/page_client.ts";
import { runTool } from "../lib/role/run_tool.ts";

await runTool((address: PageAddress, signal) => readPage(address, "/api/v1/status", signal));
