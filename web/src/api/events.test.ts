import { describe, expect, it } from 'vitest';
import { candidateProgress, isOver, offered, progressOf, reduceJob, startJob, type JobEvent } from './events';
import type { Candidate, Preview } from './types';

const candidate = (index: number): Candidate => ({ index, seed: index, piece: { notes: [] }, finished: true, marks: null, report: [], originality: null, new_notes: null, starred: false, rejected: false, saved: null });
const preview = (index: number, done: number): Preview => ({ candidate: index, done, total: 20, from: 0, to: 48, notes: [] });
const fold = (...events: JobEvent[]) => events.reduce(reduceJob, startJob('j', 'infill', 2));

describe('a job told by its events', () => {
  it('runs_from_queue_to_done', () => {
    const view = fold(
      { kind: 'queued', data: { position: 3 } },
      { kind: 'progress', data: { candidate: 0, done: 5, total: 20 } },
      { kind: 'notes', data: candidate(0) },
      { kind: 'notes', data: candidate(1) },
      { kind: 'done', data: { order: [1, 0], seconds: 2 } },
    );
    expect(view.state).toBe('done');
    expect(view.position).toBeNull();
    expect(offered(view).map((one) => one.index)).toEqual([1, 0]);
    expect(progressOf(view)).toBe(1);
  });

  it('the_same_story_told_twice_is_the_same_job', () => {
    const events: JobEvent[] = [
      { kind: 'progress', data: { candidate: 0, done: 5, total: 20 } },
      { kind: 'notes', data: candidate(0) },
      { kind: 'done', data: { order: [0], seconds: 2 } },
    ];
    expect(fold(...events, ...events)).toEqual(fold(...events));
  });

  it('a_finished_candidate_takes_its_preview_away', () => {
    expect(fold({ kind: 'preview', data: preview(0, 5) }, { kind: 'notes', data: candidate(0) }).preview).toBeNull();
    expect(fold({ kind: 'preview', data: preview(1, 15) }, { kind: 'notes', data: candidate(0) }).preview).not.toBeNull();
  });

  it('progress_counts_the_previews_of_the_candidate_watched', () => {
    const both = fold({ kind: 'preview', data: preview(0, 1) }, { kind: 'preview', data: preview(1, 2) }, { kind: 'preview', data: preview(0, 3) });
    expect(candidateProgress(both)).toBe(0.2);
    expect(candidateProgress(fold())).toBe(0);
  });

  it('candidates_written_side_by_side_are_watched_one_after_the_other', () => {
    const both = fold({ kind: 'preview', data: preview(1, 1) }, { kind: 'preview', data: preview(0, 2) });
    expect(both.preview?.candidate).toBe(1);
    const next = reduceJob(reduceJob(both, { kind: 'notes', data: candidate(1) }), { kind: 'preview', data: preview(0, 3) });
    expect(next.preview?.candidate).toBe(0);
  });

  it('cancelled_keeps_what_was_finished', () => {
    const view = fold({ kind: 'notes', data: candidate(0) }, { kind: 'cancelled', data: { candidates: 1, unfinished: candidate(1) } });
    expect(isOver(view)).toBe(true);
    expect(view.candidates).toHaveLength(1);
    expect(view.unfinished?.index).toBe(1);
  });

  it('an_error_ends_the_job_with_its_sentence', () => {
    const view = fold({ kind: 'error', data: { error: { code: 'internal', sentence: 'it broke' } } });
    expect(view.state).toBe('error');
    expect(view.error?.sentence).toBe('it broke');
  });
});
