// A tree of states. Undo walks towards the root, redo back to where one came from, and a new edit after an undo grows a
// branch instead of cutting the old one off: nothing that was ever heard is lost.

export interface HistoryNode<T> {
  readonly id: number;
  readonly parent: number | null;
  readonly label: string;
  readonly at: number;
  readonly state: T;
  /** The child that redo goes to: the one visited last. */
  readonly next: number | null;
}

export interface History<T> {
  readonly nodes: ReadonlyMap<number, HistoryNode<T>>;
  readonly current: number;
  readonly nextId: number;
}

export function startHistory<T>(state: T, label: string, at: number): History<T> {
  return { nodes: new Map([[0, { id: 0, parent: null, label, at, state, next: null }]]), current: 0, nextId: 1 };
}

export function currentState<T>(history: History<T>): T {
  return nodeOf(history, history.current).state;
}

export function commit<T>(history: History<T>, state: T, label: string, at: number): History<T> {
  const id = history.nextId;
  const nodes = new Map(history.nodes);
  nodes.set(id, { id, parent: history.current, label, at, state, next: null });
  nodes.set(history.current, { ...nodeOf(history, history.current), next: id });
  return { nodes, current: id, nextId: id + 1 };
}

export function canUndo<T>(history: History<T>): boolean {
  return nodeOf(history, history.current).parent !== null;
}

export function canRedo<T>(history: History<T>): boolean {
  return nodeOf(history, history.current).next !== null;
}

export function undo<T>(history: History<T>): History<T> {
  const { parent } = nodeOf(history, history.current);
  return parent === null ? history : { ...history, current: parent };
}

export function redo<T>(history: History<T>): History<T> {
  const { next } = nodeOf(history, history.current);
  return next === null ? history : { ...history, current: next };
}

/** Any state of the tree. The way down to it becomes the way that redo takes. */
export function jump<T>(history: History<T>, id: number): History<T> {
  if (!history.nodes.has(id)) return history;
  const nodes = new Map(history.nodes);
  let child = nodeOf(history, id);
  while (child.parent !== null) {
    const parent = nodes.get(child.parent) as HistoryNode<T>;
    nodes.set(parent.id, { ...parent, next: child.id });
    child = parent;
  }
  return { ...history, nodes, current: id };
}

/** Rows for the panel: oldest first, `depth` counts the branches that were taken on the way. */
export function listHistory<T>(history: History<T>): { node: HistoryNode<T>; depth: number; onPath: boolean }[] {
  const path = new Set<number>();
  for (let id: number | null = history.current; id !== null; id = nodeOf(history, id).parent) path.add(id);
  const children = new Map<number, number[]>();
  for (const node of history.nodes.values()) {
    if (node.parent !== null) children.set(node.parent, [...(children.get(node.parent) ?? []), node.id]);
  }
  const rows: { node: HistoryNode<T>; depth: number; onPath: boolean }[] = [];
  const waiting: { id: number; depth: number }[] = [{ id: 0, depth: 0 }];
  while (waiting.length > 0) {
    const { id, depth } = waiting.pop() as { id: number; depth: number };
    rows.push({ node: nodeOf(history, id), depth, onPath: path.has(id) });
    // The newest child goes on at the same depth and is listed last; older ones are side branches.
    const all = children.get(id) ?? [];
    all.forEach((child, i) => waiting.splice(waiting.length, 0, { id: child, depth: i === all.length - 1 ? depth : depth + 1 }));
    // `pop` takes the last one pushed, which would list the newest branch first: turn the siblings round.
    if (all.length > 1) waiting.push(...waiting.splice(waiting.length - all.length).reverse());
  }
  return rows;
}

function nodeOf<T>(history: History<T>, id: number): HistoryNode<T> {
  const node = history.nodes.get(id);
  if (!node) throw new Error(`history has no state ${id}`);
  return node;
}
