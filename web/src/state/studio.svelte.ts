// The studio's one state: the piece on the desk with its history, what is selected, and the job that answers.

import { api, ApiFailure } from '../api/client';
import { loadDraft, storeDraft } from '../api/draft';
import { isOver, listenToJob, offered, reduceJob, startJob, viewOfJob, type JobEvent, type JobView } from '../api/events';
import type { Candidate, JobBody, JobRequest, Menu, ReportLine, Saved, Verb } from '../api/types';
import { player } from '../audio/player.svelte';
import { i18n, t, tName } from '../i18n/i18n.svelte';
import { barStarts } from '../model/bars';
import { chordLine } from '../model/chords';
import { NO_CURVES, type Curves } from '../model/curves';
import type { Clip } from '../model/edit';
import { canRedo, canUndo, commit, currentState, jump, redo, startHistory, undo, type History } from '../model/history';
import { stripsOf } from '../model/lanes';
import { emptyPiece, fromServer, keyOf, metreOf, tempoOf, toServer, type Piece } from '../model/piece';
import { mergeRegion, regionText, toggleLock, type Lock, type Region } from '../model/region';
import { NO_RULES, type RuleSheet } from '../model/rules';
import type { Snap } from '../model/snap';
import { NO_WISHES, composeRequest, leanings, type Wishes } from './wishes';

export type View = 'roll' | 'score';
export type Tool = 'select' | 'draw' | 'erase';
export type Panel = 'compose' | 'report' | 'rules' | 'mixer' | 'history' | 'jam' | null;
export type Strip2D = 'velocity' | 'tempo' | 'density' | 'loudness' | 'valence' | 'arousal';

/** What a job was asked for, remembered until its answer is taken. */
interface Asked {
  readonly verb: string;
  readonly region: Region | null;
  /** The verb answers for the whole piece; only the region is to change. */
  readonly merge: boolean;
  readonly base: Piece;
  /** One answer was wanted: it is opened as soon as it is there. */
  readonly takeFirst: boolean;
}

/** What is heard and shown: the piece on the desk or one of the candidates. */
export type Heard = 'desk' | number;

const DRAFT_DELAY_MS = 400;
const SWAP_DELAY_MS = 500;

class Studio {
  menu = $state.raw<Menu | null>(null);
  history = $state.raw<History<Piece>>(startHistory(emptyPiece(8), '', 0));
  /** False while the welcome is shown. */
  open = $state(false);
  pieceId = $state<string | null>(null);
  /** The version that lies on the desk, as long as it is not edited. */
  version = $state<number | null>(null);
  /** The newest version: what is saved comes after it. */
  newest = $state<number | null>(null);
  starred = $state(false);
  report = $state.raw<readonly ReportLine[]>([]);
  originality = $state.raw<ReportLine | null>(null);
  saving = $state(false);

  job = $state.raw<JobView | null>(null);
  asked = $state.raw<Asked | null>(null);
  heard = $state<Heard>('desk');

  region = $state.raw<Region | null>(null);
  selection = $state.raw<ReadonlySet<number>>(new Set());
  locks = $state.raw<readonly Lock[]>([]);
  focusLane = $state('melody');
  tool = $state<Tool>('select');
  snap = $state<Snap>('sixteenth');
  clip = $state.raw<Clip | null>(null);
  /** An edit under way (a drag), shown but not yet part of the history. */
  draftPiece = $state.raw<Piece | null>(null);

  wishes = $state<Wishes>({ ...NO_WISHES });
  curves = $state.raw<Curves>(NO_CURVES);
  rules = $state.raw<RuleSheet>(NO_RULES);

  view = $state<View>('roll');
  panel = $state<Panel>(null);
  shape = $state<Strip2D>('velocity');
  library = $state(false);
  help = $state(false);
  /** The last thing that happened, for the eye and for screen readers. */
  notice = $state<{ text: string; kind: 'info' | 'error' } | null>(null);
  announcement = $state('');

  #savedPiece = $state.raw<Piece | null>(null);
  #stopListening: (() => void) | null = null;
  #draftTimer: ReturnType<typeof setTimeout> | null = null;
  #swapTimer: ReturnType<typeof setTimeout> | null = null;
  #noticeTimer: ReturnType<typeof setTimeout> | null = null;
  #tookUp = false;
  /** The job whose only answer has been taken. */
  #taken: string | null = null;
  #candidatePieces = new WeakMap<Candidate, Piece>();

  /** The newest state of the desk. */
  get piece(): Piece {
    return currentState(this.history);
  }

  /** What the roll shows: a drag under way, a candidate being heard, or the desk. */
  get shown(): Piece {
    if (this.draftPiece) return this.draftPiece;
    const candidate = this.heardCandidate;
    return candidate ? this.pieceOf(candidate) : this.piece;
  }

  get heardCandidate(): Candidate | null {
    if (this.heard === 'desk' || !this.job) return null;
    return this.job.candidates.find((candidate) => candidate.index === this.heard) ?? null;
  }

  get strips() {
    const lanes = (this.menu?.lanes ?? []).map((lane) => ({ name: lane.name, title: tName('lane', lane.name, lane.title) }));
    return stripsOf(this.shown, lanes);
  }

  get laneNames(): string[] {
    return (this.menu?.lanes ?? []).map((lane) => lane.name);
  }

  get dirty(): boolean {
    return this.open && this.piece !== this.#savedPiece;
  }

  get canUndo(): boolean {
    return canUndo(this.history);
  }

  get canRedo(): boolean {
    return canRedo(this.history);
  }

  get busy(): boolean {
    return this.job !== null && !isOver(this.job);
  }

  /** Editing while another piece is shown would change what is not seen. */
  get editable(): boolean {
    return this.open && this.heard === 'desk';
  }

  // ---- beginning -------------------------------------------------------------------------------------------------

  async begin(): Promise<void> {
    document.documentElement.lang = i18n.language;
    try {
      this.menu = await api.menu();
      this.wishes.bars = Math.min(this.menu.defaults.bars, 8);
    } catch (cause) {
      this.fail(cause);
      return;
    }
    await this.#takeUpDraft();
    this.#tookUp = true;
  }

  async #takeUpDraft(): Promise<void> {
    const draft = await loadDraft();
    if (!draft) return;
    const piece = { ...fromServer(draft.piece), bars: draft.bars };
    this.locks = draft.locks;
    this.rules = draft.rules;
    this.curves = draft.curves;
    if (draft.pieceId !== null || draft.piece.notes.length > 0 || draft.job) {
      this.#setDesk(piece, t('history.reopened'));
      this.pieceId = draft.pieceId;
      this.version = draft.version;
      this.newest = draft.newest;
      if (!draft.dirty) this.#savedPiece = piece;
      if (draft.pieceId) void this.#fetchReport(draft.pieceId);
    }
    if (draft.job) await this.#followAgain(draft.job);
    player.prepare();
  }

  async #fetchReport(id: string): Promise<void> {
    try {
      const saved = await api.piece(id);
      this.report = saved.report;
      this.originality = saved.originality ?? null;
      this.starred = saved.starred;
    } catch {
      // Deleted elsewhere: the desk keeps its copy and will be saved as a new piece.
      this.pieceId = null;
      this.version = null;
      this.newest = null;
    }
  }

  async #followAgain(job: { id: string; verb: string; wanted: number; region: Region | null; merge: boolean }): Promise<void> {
    try {
      const found = await api.job(job.id);
      this.asked = {
        verb: job.verb,
        region: job.region,
        merge: job.merge,
        base: this.piece,
        takeFirst: job.verb === 'compose' && job.wanted === 1,
      };
      this.open = true;
      this.job = viewOfJob(found);
      if (!isOver(this.job)) this.#listen(job.id);
      else this.#answered();
    } catch {
      this.job = null;
    }
  }

  // ---- the desk --------------------------------------------------------------------------------------------------

  #setDesk(piece: Piece, label: string): void {
    this.history = startHistory(piece, label, Date.now());
    this.open = true;
    this.heard = 'desk';
    this.selection = new Set();
    this.region = null;
    this.draftPiece = null;
    this.pieceId = null;
    this.version = null;
    this.newest = null;
    this.starred = false;
    this.report = [];
    this.originality = null;
    player.stop();
    player.setLoop(null, false);
    player.position = 0;
    player.use(piece);
  }

  /** An edit by hand: a new state of the history. */
  edit(piece: Piece, label: string): void {
    this.draftPiece = null;
    if (piece === this.piece) return;
    this.history = commit(this.history, piece, label, Date.now());
    this.#changed();
  }

  undo(): void {
    if (!this.canUndo) return;
    const label = this.#label();
    this.history = undo(this.history);
    this.#changed();
    this.say(t('said.undone', { what: label }));
  }

  redo(): void {
    if (!this.canRedo) return;
    this.history = redo(this.history);
    this.#changed();
    this.say(t('said.redone', { what: this.#label() }));
  }

  jumpTo(id: number): void {
    this.history = jump(this.history, id);
    this.#changed();
  }

  #label(): string {
    return this.history.nodes.get(this.history.current)?.label ?? '';
  }

  #changed(): void {
    this.heard = 'desk';
    const alive = new Set(this.piece.notes.map((note) => note.id));
    this.selection = new Set([...this.selection].filter((id) => alive.has(id)));
    this.keepDraft();
    if (this.#swapTimer !== null) clearTimeout(this.#swapTimer);
    // Several edits in a row are rendered once.
    this.#swapTimer = setTimeout(() => player.use(this.piece), player.playing ? SWAP_DELAY_MS : 0);
  }

  keepDraft(): void {
    if (this.#draftTimer !== null) clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.storeNow(), DRAFT_DELAY_MS);
  }

  storeNow(): void {
    if (this.#draftTimer !== null) clearTimeout(this.#draftTimer);
    this.#draftTimer = null;
    // Before the old draft has been taken up there is nothing newer to put in its place.
    if (!this.#tookUp) return;
    if (!this.open) return storeDraft(null);
    const { job, asked } = this;
    storeDraft({
      piece: toServer(this.piece),
      bars: this.piece.bars,
      pieceId: this.pieceId,
      version: this.version,
      newest: this.newest,
      dirty: this.dirty,
      locks: $state.snapshot(this.locks) as Lock[],
      rules: this.rules,
      curves: this.curves,
      job: job && asked ? { id: job.id, verb: asked.verb, wanted: job.wanted, region: asked.region, merge: asked.merge } : null,
    });
  }

  /** Back to the welcome. What is on the desk is saved first. */
  async newPiece(): Promise<void> {
    await this.saveIfDirty();
    this.#dropJob();
    this.#setDesk(emptyPiece(8), '');
    this.open = false;
    this.locks = [];
    this.view = 'roll';
    this.panel = null;
    storeDraft(null);
  }

  /** Another piece on the desk, not yet saved. */
  takeUp(piece: Piece, label: string): void {
    void this.saveIfDirty();
    this.#dropJob();
    this.#setDesk(piece, label);
    this.locks = [];
    this.keepDraft();
    player.prepare();
  }

  /** A blank desk to write on by hand. */
  blank(bars = 16): void {
    this.#dropJob();
    const piece = emptyPiece(bars, this.wishes.metre ?? '4/4', this.wishes.tempo ?? 100, this.wishes.key);
    this.#setDesk(piece, t('history.blank'));
    this.tool = 'draw';
    this.keepDraft();
  }

  // ---- library ---------------------------------------------------------------------------------------------------

  async openPiece(id: string, version?: number): Promise<void> {
    try {
      await this.saveIfDirty();
      const saved = await api.piece(id, version);
      this.#dropJob();
      this.#openSaved(saved, t('history.opened'));
      this.library = false;
      player.prepare();
    } catch (cause) {
      this.fail(cause);
    }
  }

  #openSaved(saved: Saved, label: string): void {
    const piece = fromServer({ ...saved.piece, title: saved.title });
    this.#setDesk(piece, label);
    this.locks = [];
    this.#savedPiece = piece;
    this.pieceId = saved.id;
    // An older version is opened as it was; what is saved from it becomes the newest one.
    this.version = saved.version;
    this.newest = saved.versions;
    this.starred = saved.starred;
    this.report = saved.report;
    this.originality = saved.originality ?? null;
    this.keepDraft();
  }

  async importFiles(files: Iterable<File>): Promise<void> {
    for (const file of files) {
      try {
        if (/\.zip$/i.test(file.name)) {
          const took = await api.importLibrary(file);
          this.tell(t('said.libraryImported', { pieces: took.pieces, already: took.already }));
          continue;
        }
        await this.saveIfDirty();
        const saved = await api.importFile(file, file.name.replace(/\.[^.]+$/, ''));
        this.#dropJob();
        this.#openSaved(saved, t('history.imported'));
        this.library = false;
        const told = saved.repairs ? t('said.importedRepaired', { title: saved.title, repairs: saved.repairs }) : t('said.imported', { title: saved.title });
        this.tell(saved.chords_heard ? `${told} ${t('said.chordsHeard')}` : told);
        player.prepare();
      } catch (cause) {
        this.fail(cause);
      }
    }
  }

  async saveIfDirty(): Promise<void> {
    if (this.dirty && this.piece.notes.length > 0) await this.save();
  }

  async save(comment?: string): Promise<boolean> {
    if (!this.open || this.saving) return false;
    const piece = this.piece;
    this.saving = true;
    try {
      const score = toServer(piece);
      const saved = this.pieceId
        ? await api.saveVersion(this.pieceId, { score, ...(comment ? { comment } : {}), ...(this.newest ? { base: this.newest } : {}) })
        : await api.savePiece({ score, title: piece.title || t('piece.untitled') });
      this.#tookVersion(saved, piece);
      return true;
    } catch (cause) {
      if (cause instanceof ApiFailure && cause.status === 409) {
        // Another window saved in between. Both stay: this one becomes a piece of its own.
        const saved = await api.savePiece({ score: toServer(piece), title: `${piece.title} (2)` });
        this.#tookVersion(saved, piece);
        this.tell(t('said.savedApart'));
        return true;
      }
      this.fail(cause);
      return false;
    } finally {
      this.saving = false;
    }
  }

  #tookVersion(saved: Saved, piece: Piece): void {
    this.pieceId = saved.id;
    this.version = saved.version;
    this.newest = saved.versions;
    this.#savedPiece = piece;
    this.keepDraft();
  }

  async rename(title: string): Promise<void> {
    const trimmed = title.trim();
    if (trimmed === '' || trimmed === this.piece.title) return;
    const clean = !this.dirty;
    this.edit({ ...this.piece, title: trimmed }, t('history.renamed'));
    if (!this.pieceId) return;
    try {
      await api.markPiece(this.pieceId, { title: trimmed });
      if (clean) this.#savedPiece = this.piece;
    } catch (cause) {
      this.fail(cause);
    }
  }

  async star(starred: boolean): Promise<void> {
    if (this.dirty || !this.pieceId) await this.save();
    if (!this.pieceId) return;
    try {
      await api.markPiece(this.pieceId, { starred });
      this.starred = starred;
    } catch (cause) {
      this.fail(cause);
    }
  }

  // ---- the model -------------------------------------------------------------------------------------------------

  async compose(): Promise<void> {
    await this.saveIfDirty();
    const wishes = $state.snapshot(this.wishes) as Wishes;
    const request = composeRequest(wishes, this.curves, this.rules);
    const bars = request.bars ?? (request.form?.match(/\d+/g)?.reduce((sum, n) => sum + Number(n), 0) || 8);
    const paper = emptyPiece(bars, wishes.metre ?? '4/4', wishes.tempo ?? 100, wishes.key);
    await this.#ask(
      { request, candidates: wishes.ideas },
      { verb: 'compose', region: null, merge: false, base: paper, takeFirst: wishes.ideas === 1 },
      // The desk is cleared only when the wish was accepted; a refused one leaves everything as it was.
      () => {
        this.#setDesk(paper, t('history.paper'));
        this.locks = [];
      },
    );
  }

  /** Any verb that starts from the desk. */
  async verb(verb: Verb, options: { region?: Region | null; merge?: boolean; extra?: Partial<JobRequest>; candidates?: number } = {}): Promise<void> {
    const base = this.piece;
    const source: JobBody['source'] =
      this.pieceId && !this.dirty && this.version ? { piece: this.pieceId, version: this.version } : { score: toServer(base) };
    const request: JobRequest = { verb, ...leanings(this.curves, this.rules), ...options.extra };
    await this.#ask(
      { request, source, ...(options.candidates ? { candidates: options.candidates } : {}) },
      { verb: verb.verb, region: options.region ?? null, merge: options.merge ?? false, base, takeFirst: false },
    );
  }

  /** Writes the marked region anew, without what is locked. */
  async infill(): Promise<void> {
    const region = this.region ?? this.wholeRegion();
    const regions = regionText(region, this.locks);
    if (regions === '') {
      this.tell(t('said.allLocked'));
      return;
    }
    await this.verb({ verb: 'infill', regions }, { region });
  }

  wholeRegion(): Region {
    const used = new Set(this.piece.notes.map((note) => note.lane));
    const lanes = this.laneNames.filter((lane) => used.has(lane));
    return { fromBar: 0, toBar: barStarts(this.piece).length - 1, lanes: lanes.length > 0 ? lanes : this.laneNames };
  }

  async #ask(body: JobBody, asked: Asked, onTaken: () => void = () => undefined): Promise<void> {
    try {
      if (this.busy) await this.cancel();
      const ticket = await api.createJob(body);
      this.#dropJob();
      onTaken();
      this.asked = asked;
      this.job = startJob(ticket.id, asked.verb, body.candidates ?? this.#candidatesOf(asked.verb));
      this.notice = null;
      this.#listen(ticket.id);
      this.storeNow();
    } catch (cause) {
      this.fail(cause);
    }
  }

  #candidatesOf(verb: string): number {
    return this.menu?.verbs.find((info) => info.name === verb)?.candidates ?? 1;
  }

  #listen(id: string): void {
    this.#stopListening?.();
    this.#stopListening = listenToJob(
      api.eventsOf(id),
      (event) => this.#heardEvent(id, event),
      () => void this.#lost(id),
    );
  }

  /** The stream is gone for good: what the server knows of the job now is what counts. */
  async #lost(id: string): Promise<void> {
    try {
      const found = await api.job(id);
      if (this.job?.id !== id) return;
      this.job = viewOfJob(found);
      if (isOver(this.job)) this.#answered();
    } catch (cause) {
      if (this.job?.id !== id) return;
      this.#dropJob();
      this.fail(cause);
    }
  }

  #heardEvent(id: string, event: JobEvent): void {
    if (this.job?.id !== id) return;
    this.job = reduceJob(this.job, event);
    if (event.kind === 'notes') {
      // The first is rendered at once, the others when the model is done: both want the same processor.
      if (this.job.candidates.length === 1) player.prepare(this.pieceOf(event.data));
      this.#answered();
    }
    if (event.kind === 'done') {
      void player.prepareAll(offered(this.job).map((candidate) => this.pieceOf(candidate)));
      this.#answered();
    }
    if (event.kind === 'error') {
      this.tell(event.data.error.sentence, 'error');
      this.#dropJob();
    }
    if (event.kind === 'cancelled' && this.job && this.job.candidates.length === 0) {
      this.tell(t('said.cancelled'));
      if (!this.job.unfinished || this.job.unfinished.piece.notes.length === 0) this.#dropJob();
      else this.job = { ...this.job, candidates: [{ ...this.job.unfinished, index: 0 }] };
    }
  }

  #answered(): void {
    const { job, asked } = this;
    if (!job || !asked) return;
    const first = offered(job)[0];
    if (!first) return;
    if (asked.takeFirst) {
      // "Here it is" and "that was all" both come by here; the piece is taken once.
      if (this.#taken !== job.id) void this.accept(first.index);
      this.#taken = job.id;
      return;
    }
    if (job.state === 'done') this.say(t('said.candidates', { count: job.candidates.length }));
    // The first answer is shown as soon as it is there; whoever already listens to another one is not disturbed.
    if (this.heard === 'desk' && job.candidates.length === 1 && !player.playing) this.hear(first.index);
  }

  /** The candidate as it would lie on the desk. */
  pieceOf(candidate: Candidate): Piece {
    const known = this.#candidatePieces.get(candidate);
    if (known) return known;
    let piece = fromServer(candidate.piece);
    const { asked } = this;
    if (asked?.merge && asked.region) {
      piece = mergeRegion(asked.base, piece, asked.region, barStarts(asked.base), this.locks);
    }
    this.#candidatePieces.set(candidate, piece);
    return piece;
  }

  /** Shows and sounds the desk or a candidate; while playing it takes over at the same place. */
  hear(what: Heard): void {
    this.heard = what;
    this.draftPiece = null;
    this.selection = new Set();
    player.use(this.shown);
  }

  async accept(index: number): Promise<void> {
    const { job, asked } = this;
    const candidate = job?.candidates.find((one) => one.index === index);
    if (!job || !asked || !candidate) return;
    const fresh = asked.verb === 'compose';
    const piece = { ...this.pieceOf(candidate), title: fresh ? candidate.piece.title ?? '' : this.piece.title };
    const label = tName('verb', asked.verb);
    if (fresh) {
      const paper = this.history;
      this.#setDesk(piece, label);
      this.history = commit(startHistory(currentState(paper), t('history.paper'), Date.now()), piece, label, Date.now());
    } else {
      this.history = commit(this.history, piece, label, Date.now());
      this.heard = 'desk';
      this.selection = new Set();
      player.use(piece);
    }
    this.report = candidate.report;
    this.originality = candidate.originality ?? null;
    player.prepare(piece);
    const merged = asked.merge;
    this.region = null;
    this.saving = true;
    try {
      const from = { candidate: { job: job.id, index } };
      // An unfinished or merged answer is not what the recipe would give again: it is saved as a score.
      const whole = !merged && candidate.finished;
      // After a reload the answer may have been saved already.
      const already = fresh && whole ? candidate.saved : null;
      const saved = already
        ? await api.piece(already.piece)
        : this.pieceId
        ? await api.saveVersion(this.pieceId, whole ? from : { score: toServer(piece), comment: label })
        : await api.savePiece(whole ? from : { score: toServer(piece), title: piece.title || t('piece.untitled') });
      this.#tookVersion(saved, piece);
      if (saved.title !== piece.title && (fresh || piece.title === '')) this.#retitle(saved.title);
    } catch (cause) {
      this.fail(cause);
    } finally {
      this.saving = false;
    }
    if (this.job?.id === job.id) {
      // One answer is taken: nobody waits for the others any more.
      const goesOn = !isOver(this.job) && !asked.takeFirst;
      this.#dropJob();
      if (goesOn) void api.cancelJob(job.id).catch(() => undefined);
    }
    this.say(fresh ? t('said.composed') : t('said.accepted', { what: label }));
    this.keepDraft();
  }

  /** The server's title, without a step in the history. */
  #retitle(title: string): void {
    const titled = { ...this.piece, title };
    const nodes = new Map(this.history.nodes);
    const node = nodes.get(this.history.current);
    if (!node) return;
    nodes.set(node.id, { ...node, state: titled });
    this.history = { ...this.history, nodes };
    this.#savedPiece = titled;
    player.use(titled);
  }

  async mark(index: number, marks: { starred?: boolean; rejected?: boolean }): Promise<void> {
    const { job } = this;
    if (!job) return;
    try {
      await api.markCandidate(job.id, index, marks);
      const candidates = job.candidates.map((one) => {
        if (one.index !== index) return one;
        const marked = { ...one, ...marks };
        this.#candidatePieces.set(marked, this.pieceOf(one));
        return marked;
      });
      this.job = { ...(this.job ?? job), candidates };
      if (marks.rejected && this.heard === index) this.hear('desk');
      if (candidates.length === job.wanted && candidates.every((one) => one.rejected)) this.closeTray();
    } catch (cause) {
      this.fail(cause);
    }
  }

  async cancel(): Promise<void> {
    const { job } = this;
    if (!job || isOver(job)) return;
    try {
      const stopped = await api.cancelJob(job.id);
      // The answer is there before the stream has told it; a job that was faster than the hand is simply done.
      if (this.job?.id !== job.id || isOver(this.job) || stopped.state !== 'cancelled') return;
      this.#heardEvent(job.id, { kind: 'cancelled', data: { candidates: stopped.candidates.length, unfinished: stopped.unfinished ?? null } });
    } catch (cause) {
      this.fail(cause);
    }
  }

  closeTray(): void {
    if (this.heard !== 'desk') this.hear('desk');
    this.#dropJob();
    this.keepDraft();
    if (this.piece.notes.length === 0 && this.pieceId === null && this.history.nodes.size === 1) this.open = false;
  }

  #dropJob(): void {
    this.#stopListening?.();
    this.#stopListening = null;
    this.job = null;
    this.asked = null;
    if (this.heard !== 'desk') this.heard = 'desk';
  }

  // ---- small things ----------------------------------------------------------------------------------------------

  toggleLock(region: Region): void {
    this.locks = toggleLock(this.locks, region);
    this.keepDraft();
  }

  /** Wishes as they stand in the piece: what "compose again" begins from. */
  chordsAsText(): string {
    return chordLine(this.piece);
  }

  describe(): string {
    const piece = this.piece;
    return [keyOf(piece), `${Math.round(tempoOf(piece))}`, metreOf(piece)].filter(Boolean).join(' · ');
  }

  tell(text: string, kind: 'info' | 'error' = 'info'): void {
    this.notice = { text, kind };
    this.say(text);
    if (this.#noticeTimer !== null) clearTimeout(this.#noticeTimer);
    // A failure stays until it is read; a piece of news goes by itself.
    if (kind === 'info') this.#noticeTimer = setTimeout(() => (this.notice = null), 6000);
  }

  say(text: string): void {
    this.announcement = text;
  }

  fail(cause: unknown): void {
    this.tell(cause instanceof Error ? cause.message : String(cause), 'error');
  }
}

export const studio = new Studio();
