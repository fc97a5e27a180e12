/** The doctor: told the configuration, answers with its findings. @module */
import { systemClock } from "../lib/base/clock.ts";
import type { Config } from "../lib/config/config_types.ts";
import { diagnose } from "../lib/doctor/doctor.ts";
import { runTool } from "../lib/role/run_tool.ts";

await runTool((config: Config, signal) => diagnose(config, systemClock, signal));
