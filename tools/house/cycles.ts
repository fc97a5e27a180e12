/** Cycles in a graph of imports. Pure. @module */

/** Who imports whom: a node with the nodes that it reaches directly. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * The graph that is left when nodes are put together: `groupOf` names a node's group, or gives undefined
 * for a node that does not count. What a group imports of itself is left out.
 */
export function grouped(graph: Graph, groupOf: (node: string) => string | undefined): Graph {
  const groups = new Map<string, Set<string>>();
  for (const [node, reached] of graph) {
    const group = groupOf(node);
    if (group === undefined) continue;
    const others = groups.get(group) ?? new Set();
    groups.set(group, others);
    for (const target of reached) {
      const other = groupOf(target);
      if (other !== undefined && other !== group) others.add(other);
    }
  }
  return groups;
}

/**
 * Groups of nodes of which each reaches all others of its group (strongly connected components), without
 * the groups of one; sorted, the largest first. (Tarjan, "Depth-first search and linear graph
 * algorithms", 1972.)
 */
export function cycles(graph: Graph): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();

  const visit = (node: string) => {
    order.set(node, order.size);
    lowest.set(node, order.get(node)!);
    open.push(node);
    isOpen.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (isOpen.has(next)) lowest.set(node, Math.min(lowest.get(node)!, lowest.get(next)!));
    }
    if (lowest.get(node) !== order.get(node)) return;
    const component = open.splice(open.indexOf(node));
    for (const member of component) isOpen.delete(member);
    if (component.length > 1) found.push(component.sort());
  };

  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found.sort((a, b) => b.length - a.length || a[0]!.localeCompare(b[0]!));
}

/** A shortest way around in a group of `cycles`, from its first node back to it. */
export function wayAround(graph: Graph, group: readonly string[]): string[] {
  const members = new Set(group);
  const start = group[0]!;
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) return [start, ...path(cameFrom, start, node), start];
      if (!members.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return [];
}

function path(cameFrom: ReadonlyMap<string, string>, start: string, end: string): string[] {
  const nodes: string[] = [];
  for (let node = end; node !== start; node = cameFrom.get(node)!) nodes.unshift(node);
  return nodes;
}
