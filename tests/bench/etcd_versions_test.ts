import { sideBySide } from "../../bench/etcd_versions.ts";
import { figure } from "../../bench/report.ts";
import { assertEquals } from "../support/assert.ts";

const read = (value: number, baseline: number) =>
  figure("paging", "read", [{ value, baseline }], { unit: "ms", baseline: "bare" });
const idle = figure("idle", "memory", [{ value: 7 }], { unit: "MiB" });

Deno.test("etcd's versions side by side: beside the floor of each, and beside the first", () => {
  const rows = sideBySide([
    { version: "3.4.1", runs: [[read(10, 5), idle], [read(20, 5), idle], [read(30, 5), idle]] },
    { version: "3.5.1", runs: [[read(10, 10)]] },
  ]);
  assertEquals(rows, [
    ["figure", "3.4.1", "floor", "3.5.1", "floor", "÷ 3.4.1"],
    ["paging: read", "20 ms", "× 4", "10 ms", "× 1", "0.50"],
    ["idle: memory", "7 MiB", "", "-", "-", "-"],
  ]);
});
