/** A dry run beside whatever runs: told the configuration and what to compare, answers what differs. @module */
import { systemClock } from "../lib/base/clock.ts";
import type { AloneInput } from "../lib/sync/sources/alone.ts";
import { compareAlone } from "../lib/sync/sources/compare_alone.ts";
import { runTool } from "../lib/role/run_tool.ts";

await runTool((input: AloneInput, signal, say) => compareAlone(input, systemClock, signal, say));
