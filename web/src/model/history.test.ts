import { describe, expect, it } from 'vitest';
import { canRedo, canUndo, commit, currentState, jump, listHistory, redo, startHistory, undo } from './history';

const begin = () => startHistory('a', 'a', 0);

describe('history', () => {
  it('undo_then_redo_is_identity', () => {
    const two = commit(begin(), 'b', 'b', 1);
    expect(currentState(redo(undo(two)))).toBe('b');
    expect(currentState(undo(two))).toBe('a');
  });

  it('an_edit_after_undo_keeps_the_other_branch', () => {
    const branched = commit(undo(commit(begin(), 'b', 'b', 1)), 'c', 'c', 2);
    expect(currentState(branched)).toBe('c');
    expect([...branched.nodes.values()].map((node) => node.state).sort()).toEqual(['a', 'b', 'c']);
    expect(currentState(jump(branched, 1))).toBe('b');
  });

  it('redo_follows_the_branch_visited_last', () => {
    const branched = commit(undo(commit(begin(), 'b', 'b', 1)), 'c', 'c', 2);
    expect(currentState(redo(undo(branched)))).toBe('c');
    expect(currentState(redo(undo(jump(branched, 1))))).toBe('b');
  });

  it('nothing_before_the_beginning_and_nothing_after_the_end', () => {
    expect(canUndo(begin())).toBe(false);
    expect(canRedo(begin())).toBe(false);
    expect(undo(begin())).toEqual(begin());
    expect(redo(begin())).toEqual(begin());
    expect(jump(begin(), 99)).toEqual(begin());
  });

  it('the_list_has_every_state_once_parents_first', () => {
    let history = begin();
    for (const state of ['b', 'c', 'd']) history = commit(history, state, state, 1);
    history = commit(jump(history, 1), 'e', 'e', 2);
    const rows = listHistory(history);
    expect(rows.map((row) => row.node.state)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(rows.find((row) => row.node.state === 'd')?.onPath).toBe(false);
    expect(rows.find((row) => row.node.state === 'e')?.onPath).toBe(true);
    expect(rows.find((row) => row.node.state === 'c')?.depth).toBe(1);
  });
});
