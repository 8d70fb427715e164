//! Products with a factor laid out once: what composing multiplies by again and again.
//!
//! [`Panels`] holds a layer's weights as the micro-kernel reads them, sixteen outputs side by side, and its bias. A product
//! adds bias and old contents, cuts at zero and writes each result where it is read next, all from registers. The order of
//! additions is that of [`gemm`](crate::gemm), in blocks of 256 along k, so both give the same bits.

use crate::buffer::Buffer;
use crate::gemm::KC;
use crate::isa::Isa;
use crate::lanes::Sixteen;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Outputs in a panel.
pub const PANEL: usize = 16;
/// Results that [`To::Places`] moves as one.
pub const QUAD: usize = 4;
/// In [`To::Places`]: these results are not written.
pub const NOWHERE: u32 = u32::MAX;

/// Weights (outputs, inputs) and bias (outputs) of a layer, as they are stored.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// Rows of the weights.
    pub outputs: usize,
    /// Row after row.
    pub weights: &'a [f32],
    /// One an output, if there is one.
    pub bias: Option<&'a [f32]>,
}

/// The weights and bias of a layer, ready to multiply by.
#[derive(Clone, Debug)]
pub struct Panels {
    inputs: usize,
    outputs: usize,
    /// (panel, input, 16), zeros beyond the last output.
    data: Buffer,
    bias: Option<Buffer>,
}

impl Panels {
    /// From weights (outputs, inputs) and bias (outputs).
    ///
    /// # Panics   if a length does not fit.
    pub fn new(inputs: usize, outputs: usize, weights: &[f32], bias: Option<&[f32]>) -> Self {
        Self::stacked(inputs, &[Layer { outputs, weights, bias }])
    }

    /// Several layers of the same inputs as one, their outputs side by side; each but the last must have a multiple of
    /// [`PANEL`] outputs, and all or none a bias.
    ///
    /// # Panics   if a length does not fit.
    pub fn stacked(inputs: usize, layers: &[Layer]) -> Self {
        let outputs: usize = layers.iter().map(|layer| layer.outputs).sum();
        let panels = outputs.div_ceil(PANEL);
        let mut data = Buffer::zeros(panels * inputs * PANEL);
        let mut bias = layers.iter().any(|layer| layer.bias.is_some()).then(|| Buffer::zeros(panels * PANEL));
        let mut first: usize = 0;
        for &Layer { outputs: width, weights, bias: own } in layers {
            assert_eq!(weights.len(), width * inputs, "weights");
            assert!(first.is_multiple_of(PANEL), "a layer before ends within a panel");
            for (index, rows) in weights.chunks(PANEL * inputs).enumerate() {
                let panel = first / PANEL + index;
                fill_panel(inputs, rows, &mut data[panel * inputs * PANEL..][..inputs * PANEL]);
            }
            if let Some(bias) = &mut bias {
                bias[first..first + width].copy_from_slice(own.expect("all layers have a bias"));
            }
            first += width;
        }
        Self { inputs, outputs, data, bias }
    }

    /// Length of a row of A.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Results of a row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// As the second factor of a product.
    pub fn factor(&self) -> Factor<'_> {
        Factor {
            data: &self.data,
            inputs: self.inputs,
            outputs: self.outputs,
            panel_stride: self.inputs * PANEL,
            row_stride: PANEL,
            bias: self.bias.as_deref(),
        }
    }
}

/// Up to sixteen rows of weights, turned: (input, 16). A square of them at a time stays in the nearest cache.
fn fill_panel(inputs: usize, rows: &[f32], panel: &mut [f32]) {
    for (square, out) in panel.chunks_mut(PANEL * PANEL).enumerate() {
        for (lane, row) in rows.chunks_exact(inputs).enumerate() {
            for (slot, &w) in out.as_chunks_mut::<PANEL>().0.iter_mut().zip(&row[square * PANEL..]) {
                slot[lane] = w;
            }
        }
    }
}

/// B (k × n), n outputs in panels of sixteen.
#[derive(Clone, Copy, Debug)]
pub struct Factor<'a> {
    data: &'a [f32],
    inputs: usize,
    outputs: usize,
    panel_stride: usize,
    row_stride: usize,
    bias: Option<&'a [f32]>,
}

impl<'a> Factor<'a> {
    /// A matrix of `inputs` rows, `row_stride` apart, of a multiple of [`PANEL`] outputs, read where it lies.
    ///
    /// # Panics   if `outputs` is another number, or the data are too short.
    pub fn rows(data: &'a [f32], inputs: usize, outputs: usize, row_stride: usize) -> Self {
        assert!(outputs.is_multiple_of(PANEL), "whole panels");
        Self { data, inputs, outputs, panel_stride: PANEL, row_stride, bias: None }
    }

    fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    fn is_complete(&self) -> bool {
        let last = (self.panels().max(1) - 1) * self.panel_stride + (self.inputs.max(1) - 1) * self.row_stride + PANEL;
        self.panels() == 0 || self.inputs == 0 || last <= self.data.len()
    }
}

/// What a result begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The bias, if there is one.
    Bias,
    /// What is there already, plus the bias if there is one.
    There,
}

/// What becomes of a finished result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is written.
    Plain,
    /// max(0, it) is written.
    Positive,
}

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub enum To<'a> {
    /// Result (i, j) to i · stride + j; the stride is at least the number of outputs.
    Rows(usize),
    /// Result (i, j) to rows\[i\] + quads\[j / 4\] + j % 4, or nowhere where the quad's place is [`NOWHERE`].
    Places {
        /// One a row of A.
        rows: &'a [u32],
        /// One for every four outputs begun.
        quads: &'a [u32],
    },
}

/// The left factor: rows of A, `stride` apart.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The floats.
    pub data: &'a [f32],
    /// How many.
    pub count: usize,
    /// From one to the next.
    pub stride: usize,
}

impl<'a> Rows<'a> {
    /// Rows without gaps.
    pub fn dense(data: &'a [f32], width: usize) -> Self {
        Self { data, count: data.len() / width, stride: width }
    }
}

/// C = end(start + A·B) on the calling thread and the detected instruction set.
///
/// # Panics   if a factor or C is too short.
pub fn multiply(a: Rows, b: Factor, start: Start, end: End, c: &mut [f32], to: To) {
    multiply_on(Isa::detected(), a, b, start, end, c, to);
}

/// [`multiply`] on a chosen instruction set, which must be one of [`Isa::available`].
///
/// # Panics   if a factor or C is too short.
pub fn multiply_on(isa: Isa, a: Rows, b: Factor, start: Start, end: End, c: &mut [f32], to: To) {
    if let Some(job) = Job::new(a, b, start, end, c, to) {
        // SAFETY: `Job::new` checked every access, and `c` is borrowed for the whole sweep.
        unsafe { job.sweep(isa, 0..b.panels()) };
    }
}

/// C (rows `stride` apart) = start + A·B, the panels shared out among so many threads: equal bits for any number.
///
/// # Panics   if a factor or C is too short.
pub fn multiply_shared(parts: usize, a: Rows, b: Factor, start: Start, c: &mut [f32], stride: usize) {
    let Some(job) = Job::new(a, b, start, End::Plain, c, To::Rows(stride)) else { return };
    let isa = Isa::detected();
    // Pairs of panels, as the widest micro-kernel takes them.
    let pairs = b.panels().div_ceil(2);
    let parts = parts.clamp(1, pairs);
    let share = |part: usize| 2 * (part * pairs / parts)..(2 * ((part + 1) * pairs / parts)).min(b.panels());
    if parts == 1 {
        // SAFETY: `Job::new` checked every access, and `c` is borrowed for the whole sweep.
        unsafe { job.sweep(isa, share(0)) };
        return;
    }
    let job = &job;
    // SAFETY: as above; shares are disjoint ranges of panels, and with `To::Rows` different panels write to different
    // floats (a row's outputs do not reach the next row).
    (0..parts).into_par_iter().for_each(|part| unsafe { job.sweep(isa, share(part)) });
}

/// A product whose accesses have been checked, as addresses.
#[derive(Clone, Copy)]
struct Job {
    a: *const f32,
    rows: usize,
    a_stride: usize,
    k: usize,
    b: *const f32,
    panel_stride: usize,
    row_stride: usize,
    outputs: usize,
    /// Null if there is none.
    bias: *const f32,
    there: bool,
    positive: bool,
    c: *mut f32,
    c_stride: usize,
    /// Null for results in rows.
    row_places: *const u32,
    quad_places: *const u32,
}

// SAFETY: a job is addresses and numbers; who shares one must see to it that its sweeps write to different places.
unsafe impl Sync for Job {}

/// How the sixteen results of a row's panel lie.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lie {
    Whole,
    Halves,
    Pieces,
}

impl Job {
    /// `None` where there is nothing to do.
    fn new(a: Rows, b: Factor, start: Start, end: End, c: &mut [f32], to: To) -> Option<Self> {
        if a.count == 0 || b.outputs == 0 {
            return None;
        }
        assert!(b.inputs > 0 && (a.count - 1) * a.stride + b.inputs <= a.data.len(), "A is too short");
        assert!(b.is_complete(), "B is too short");
        assert!(b.bias.is_none_or(|bias| bias.len() >= b.panels() * PANEL), "the bias is too short");
        let (c_stride, row_places, quad_places) = match to {
            To::Rows(stride) => {
                assert!(b.outputs <= stride && (a.count - 1) * stride + b.outputs <= c.len(), "C is too short");
                (stride, std::ptr::null(), std::ptr::null())
            }
            To::Places { rows, quads } => {
                assert!(rows.len() >= a.count && quads.len() >= b.outputs.div_ceil(QUAD), "places are missing");
                let furthest = rows[..a.count].iter().max().map_or(0, |&row| row as usize);
                let written = quads[..b.outputs.div_ceil(QUAD)].iter().filter(|&&quad| quad != NOWHERE);
                if let Some(&quad) = written.max() {
                    assert!(furthest + quad as usize + QUAD <= c.len(), "C is too short");
                }
                (0, rows.as_ptr(), quads.as_ptr())
            }
        };
        Some(Self {
            a: a.data.as_ptr(),
            rows: a.count,
            a_stride: a.stride,
            k: b.inputs,
            b: b.data.as_ptr(),
            panel_stride: b.panel_stride,
            row_stride: b.row_stride,
            outputs: b.outputs,
            bias: b.bias.map_or(std::ptr::null(), <[f32]>::as_ptr),
            there: start == Start::There,
            positive: end == End::Positive,
            c: c.as_mut_ptr(),
            c_stride,
            row_places,
            quad_places,
        })
    }

    /// Computes these panels.
    ///
    /// # Safety
    /// The job's slices must still be borrowed, nobody else may touch what these panels write, and the instruction set
    /// must be one of this machine's.
    unsafe fn sweep(&self, isa: Isa, panels: Range<usize>) {
        match isa {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: handed on to the caller.
            Isa::Avx512 => unsafe { sweep_avx512(self, panels) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: handed on to the caller.
            Isa::Avx2 => unsafe { sweep_avx2(self, panels) },
            // SAFETY: handed on to the caller.
            _ => unsafe { sweep_portable(self, panels) },
        }
    }
}

/// # Safety   as [`Job::sweep`], with AVX-512
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
unsafe fn sweep_avx512(job: &Job, panels: Range<usize>) {
    use std::arch::x86_64::__m512;
    let mut panel = panels.start;
    // SAFETY: handed on to the caller.
    unsafe {
        while panel + 2 <= panels.end {
            column::<__m512, 2, 12>(job, panel);
            panel += 2;
        }
        if panel < panels.end {
            column::<__m512, 1, 12>(job, panel);
        }
    }
}

/// # Safety   as [`Job::sweep`], with AVX2 and FMA
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn sweep_avx2(job: &Job, panels: Range<usize>) {
    for panel in panels {
        // SAFETY: handed on to the caller.
        unsafe { column::<[std::arch::x86_64::__m256; 2], 1, 6>(job, panel) };
    }
}

/// # Safety   as [`Job::sweep`]
unsafe fn sweep_portable(job: &Job, panels: Range<usize>) {
    for panel in panels {
        // SAFETY: handed on to the caller.
        unsafe { column::<[f32; 16], 1, 4>(job, panel) };
    }
}

/// All rows of some panels, in tiles of about equal height.
///
/// # Safety   as [`Job::sweep`], for panels `panel .. panel + PANELS`
#[inline(always)]
unsafe fn column<V: Sixteen, const PANELS: usize, const TALLEST: usize>(job: &Job, panel: usize) {
    let tiles = job.rows.div_ceil(TALLEST);
    let (height, taller) = (job.rows / tiles, job.rows % tiles);
    let mut row = 0;
    for index in 0..tiles {
        let height = height + usize::from(index < taller);
        // SAFETY: handed on to the caller; rows and height stay within the job's rows.
        unsafe {
            match height {
                12 if TALLEST >= 12 => tile::<V, 12, PANELS>(job, row, panel),
                11 if TALLEST >= 11 => tile::<V, 11, PANELS>(job, row, panel),
                10 if TALLEST >= 10 => tile::<V, 10, PANELS>(job, row, panel),
                9 if TALLEST >= 9 => tile::<V, 9, PANELS>(job, row, panel),
                8 if TALLEST >= 8 => tile::<V, 8, PANELS>(job, row, panel),
                7 if TALLEST >= 7 => tile::<V, 7, PANELS>(job, row, panel),
                6 if TALLEST >= 6 => tile::<V, 6, PANELS>(job, row, panel),
                5 if TALLEST >= 5 => tile::<V, 5, PANELS>(job, row, panel),
                4 => tile::<V, 4, PANELS>(job, row, panel),
                3 => tile::<V, 3, PANELS>(job, row, panel),
                2 => tile::<V, 2, PANELS>(job, row, panel),
                _ => tile::<V, 1, PANELS>(job, row, panel),
            }
        }
        row += height;
    }
}

/// ROWS × 16·PANELS results.
///
/// # Safety   as [`Job::sweep`], for these rows and panels of the job
#[inline(always)]
unsafe fn tile<V: Sixteen, const ROWS: usize, const PANELS: usize>(job: &Job, row: usize, panel: usize) {
    // SAFETY: rows and panels are the job's, whose accesses were checked when it was made.
    unsafe {
        let a = job.a.add(row * job.a_stride);
        let b = job.b.add(panel * job.panel_stride);
        let mut between = MaybeUninit::<[[[f32; PANEL]; PANELS]; ROWS]>::uninit();
        let between = between.as_mut_ptr().cast::<f32>();
        let mut spilled = MaybeUninit::<[[[f32; PANEL]; PANELS]; ROWS]>::uninit();
        let spilled = spilled.as_mut_ptr().cast::<f32>();
        let mut k0 = 0;
        while k0 < job.k {
            let k1 = job.k.min(k0 + KC);
            let mut sums = [[V::splat(0.0); PANELS]; ROWS];
            for k in k0..k1 {
                let row_b = b.add(k * job.row_stride);
                let columns: [V; PANELS] = std::array::from_fn(|p| V::load(row_b.add(p * job.panel_stride)));
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = V::splat(*a.add(r * job.a_stride + k));
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = x.fused(column, *sum);
                    }
                }
            }
            let ways = Ways { row, k0, last: k1 == job.k, between, spilled };
            // Panels one by one, written out, so that the sums never leave their registers.
            leave::<V, ROWS, PANELS>(job, panel, 0, sums.map(|sums| sums[0]), ways);
            if PANELS > 1 {
                leave::<V, ROWS, PANELS>(job, panel, 1, sums.map(|sums| sums[PANELS - 1]), ways);
            }
            k0 = k1;
        }
    }
}

impl Job {
    #[inline(always)]
    fn lie(&self, panel: usize) -> Lie {
        if (panel + 1) * PANEL > self.outputs {
            return Lie::Pieces;
        }
        if self.row_places.is_null() {
            return Lie::Whole;
        }
        // SAFETY: a whole panel has four quads, and there is a place for each.
        let [a, b, c, d] = std::array::from_fn(|i| unsafe { *self.quad_places.add(panel * 4 + i) });
        if [a, b, c, d].contains(&NOWHERE) || b != a + 4 || d != c + 4 {
            Lie::Pieces
        } else if c == b + 4 {
            Lie::Whole
        } else {
            Lie::Halves
        }
    }

    /// Floats from a row at 0 to this one.
    ///
    /// # Safety   the row is the job's
    #[inline(always)]
    unsafe fn offset(&self, row: usize) -> usize {
        if self.row_places.is_null() {
            return row * self.c_stride;
        }
        // SAFETY: there is a place for each row.
        unsafe { *self.row_places.add(row) as usize }
    }

    /// Where the halves of a panel go in a row at 0; C's beginning where it lies in pieces.
    ///
    /// # Safety   the panel is the job's and lies so
    #[inline(always)]
    unsafe fn origins(&self, panel: usize, lie: Lie) -> (*mut f32, *mut f32) {
        if lie == Lie::Pieces {
            return (self.c, self.c);
        }
        let (low, high) = if self.row_places.is_null() {
            (panel * PANEL, panel * PANEL + 2 * QUAD)
        } else {
            // SAFETY: a panel that lies so has four places.
            unsafe { (*self.quad_places.add(panel * 4) as usize, *self.quad_places.add(panel * 4 + 2) as usize) }
        };
        // SAFETY: the furthest row's quads lie within C, so a row at 0 does as well.
        unsafe { (self.c.add(low), self.c.add(high)) }
    }

    /// Place in C of quad `quad` of a row, or `None` where it is not written.
    ///
    /// # Safety   the row and the quad are the job's
    #[inline(always)]
    unsafe fn place(&self, row: usize, quad: usize) -> Option<*mut f32> {
        // SAFETY: places were checked when the job was made.
        unsafe {
            if self.row_places.is_null() {
                return Some(self.c.add(row * self.c_stride + quad * QUAD));
            }
            let place = *self.quad_places.add(quad);
            (place != NOWHERE).then(|| self.c.add(self.offset(row) + place as usize))
        }
    }

    /// Calls `f(lane, place)` for every result of a row's panel that has a place.
    ///
    /// # Safety   as [`Self::begun`]
    #[inline(always)]
    unsafe fn each_piece(&self, row: usize, panel: usize, mut f: impl FnMut(usize, *mut f32)) {
        let present = PANEL.min(self.outputs - panel * PANEL);
        for quad in 0..present.div_ceil(QUAD) {
            // SAFETY: the quad is begun, so it has an entry; its floats were checked when the job was made.
            unsafe {
                let Some(place) = self.place(row, panel * 4 + quad) else { continue };
                for lane in quad * QUAD..present.min(quad * QUAD + QUAD) {
                    f(lane, place.add(lane - quad * QUAD));
                }
            }
        }
    }
}

/// What the ways out of a tile have in common.
#[derive(Clone, Copy)]
struct Ways {
    /// The tile's first row.
    row: usize,
    /// Where the block along k begins, and whether it is the last.
    k0: usize,
    last: bool,
    /// (row, panel, 16): what is kept from block to block, and room for sums that go out piece by piece.
    between: *mut f32,
    spilled: *mut f32,
}

/// Takes the sums of panel number `p` of a tile out of it.
///
/// # Safety   as [`Job::sweep`], for these rows and panels of the job; both of `ways`' places hold the tile
#[inline(always)]
unsafe fn leave<V: Sixteen, const ROWS: usize, const PANELS: usize>(
    job: &Job,
    first_panel: usize,
    p: usize,
    sums: [V; ROWS],
    ways: Ways,
) {
    // SAFETY: handed on to the caller.
    unsafe {
        let panel = first_panel + p;
        let (between, spilled) = (ways.between.add(p * PANEL), ways.spilled.add(p * PANEL));
        let bias = if job.bias.is_null() { V::splat(0.0) } else { V::load(job.bias.add(panel * PANEL)) };
        let lie = job.lie(panel);
        let (low, high) = job.origins(panel, lie);
        let out = Out { job, panel, bias, low, high, between, k0: ways.k0 };
        // Rows one by one, written out as well.
        macro_rules! each_row {
            ($row:ident, $kept:ident, $sum:ident, $do:expr) => {
                each_row!($row, $kept, $sum, $do; 0 1 2 3 4 5 6 7 8 9 10 11)
            };
            ($row:ident, $kept:ident, $sum:ident, $do:expr; $($r:literal)*) => {
                $(if $r < ROWS {
                    let ($row, $kept, $sum) = (ways.row + $r, $r * PANELS * PANEL, sums[$r % ROWS]);
                    $do;
                })*
            };
        }
        if ways.last && lie == Lie::Whole {
            each_row!(row, kept, sum, out.whole(sum, row, kept));
            return;
        }
        if ways.last && lie == Lie::Halves {
            each_row!(row, kept, sum, out.halves(sum, row, kept));
            return;
        }
        // The rest is rare, or long: through memory, instead of written out for every row.
        each_row!(_row, kept, sum, sum.store(spilled.add(kept)));
        for r in 0..ROWS {
            let kept = r * PANELS * PANEL;
            let sum = V::load(spilled.add(kept));
            if ways.last {
                out.pieces(sum, ways.row + r, kept);
            } else {
                out.keep(sum, ways.row + r, kept);
            }
        }
    }
}

/// One panel's way out of a tile: from sums to C, or to what is kept between two blocks along k.
struct Out<'a, V> {
    job: &'a Job,
    panel: usize,
    /// Zeros if there is none.
    bias: V,
    /// Where the first and the second half of a row at 0 go, if the panel lies whole or in halves.
    low: *mut f32,
    high: *mut f32,
    /// The panel's first row of what is kept.
    between: *mut f32,
    k0: usize,
}

/// # Safety   of all methods: as [`Job::sweep`], for this panel and a row of the job; `kept` is the row's place from
/// `between`, where sixteen floats are writable
impl<V: Sixteen> Out<'_, V> {
    /// start + sum, in the order of `gemm`: (old + bias) + sum.
    #[inline(always)]
    unsafe fn begun(&self, sum: V, kept: usize, old: impl FnOnce() -> V) -> V {
        // SAFETY: the instruction set is there, and an earlier block has written what was kept.
        unsafe {
            let start = if self.k0 > 0 {
                V::load(self.between.add(kept))
            } else if self.job.there {
                old().plus(self.bias)
            } else {
                self.bias
            };
            start.plus(sum)
        }
    }

    #[inline(always)]
    unsafe fn ended(&self, sum: V) -> V {
        // SAFETY: the instruction set is there.
        if self.job.positive { unsafe { sum.positive() } } else { sum }
    }

    /// Not the last block along k.
    #[inline(always)]
    unsafe fn keep(&self, sum: V, row: usize, kept: usize) {
        // SAFETY: handed on to the caller.
        unsafe {
            let old = || self.gathered(row);
            self.begun(sum, kept, old).store(self.between.add(kept));
        }
    }

    #[inline(always)]
    unsafe fn whole(&self, sum: V, row: usize, kept: usize) {
        // SAFETY: handed on to the caller.
        unsafe {
            let place = self.low.add(self.job.offset(row));
            self.ended(self.begun(sum, kept, || V::load(place))).store(place);
        }
    }

    #[inline(always)]
    unsafe fn halves(&self, sum: V, row: usize, kept: usize) {
        // SAFETY: handed on to the caller.
        unsafe {
            let offset = self.job.offset(row);
            let (low, high) = (self.low.add(offset), self.high.add(offset));
            self.ended(self.begun(sum, kept, || V::load_halves(low, high))).store_halves(low, high);
        }
    }

    #[inline(always)]
    unsafe fn pieces(&self, sum: V, row: usize, kept: usize) {
        // SAFETY: handed on to the caller.
        unsafe {
            let mut whole = [0.0; PANEL];
            self.ended(self.begun(sum, kept, || self.gathered(row))).store(whole.as_mut_ptr());
            self.job.each_piece(row, self.panel, |lane, place| *place = whole[lane]);
        }
    }

    /// What is there, however it lies; zeros where nothing has a place.
    #[inline(always)]
    unsafe fn gathered(&self, row: usize) -> V {
        let mut whole = [0.0; PANEL];
        // SAFETY: handed on to the caller.
        unsafe {
            self.job.each_piece(row, self.panel, |lane, place| whole[lane] = *place);
            V::load(whole.as_ptr())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::{Into, Matrix, gemm};
    use proptest::prelude::*;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    /// What `gemm` makes of start + x Wᵀ.
    fn by_gemm(
        m: usize,
        n: usize,
        k: usize,
        x: &[f32],
        w: &[f32],
        bias: Option<&[f32]>,
        old: Option<&[f32]>,
    ) -> Vec<f32> {
        let mut c = old.map_or(vec![0.0; m * n], <[f32]>::to_vec);
        if let Some(bias) = bias {
            for row in c.chunks_exact_mut(n) {
                for (c, b) in row.iter_mut().zip(bias) {
                    *c = if old.is_some() { *c + b } else { *b };
                }
            }
        }
        let into = if bias.is_some() || old.is_some() { Into::Add } else { Into::Replace };
        gemm(m, n, k, Matrix::rows(x, k), Matrix::rows(w, k).transposed(), &mut c, n, into);
        c
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_instruction_set_gives_the_bits_of_gemm(
            m in 1usize..40, n in 1usize..70, k in 1usize..600, seed in 0u32..1000,
            with_bias in any::<bool>(), there in any::<bool>(), positive in any::<bool>()
        ) {
            let (x, w, bias, old) = (numbers(m * k, seed), numbers(n * k, seed + 1), numbers(n, seed + 2), numbers(m * n, seed + 3));
            let bias = with_bias.then_some(&bias[..]);
            let mut expected = by_gemm(m, n, k, &x, &w, bias, there.then_some(&old[..]));
            if positive {
                expected.iter_mut().for_each(|c| *c = c.max(0.0));
            }
            let panels = Panels::new(k, n, &w, bias);
            let start = if there { Start::There } else { Start::Bias };
            let end = if positive { End::Positive } else { End::Plain };
            for isa in Isa::available() {
                let mut c = old.clone();
                multiply_on(isa, Rows::dense(&x, k), panels.factor(), start, end, &mut c, To::Rows(n));
                prop_assert_eq!(&c, &expected, "{:?}", isa);
                // Every quad turned around within its row, every second row left out.
                let width = n.div_ceil(4) * 4;
                let quads: Vec<u32> = (0..n.div_ceil(4)).map(|q| (width - 4 * (q + 1)) as u32).collect();
                let rows: Vec<u32> = (0..m).map(|r| (2 * r * width) as u32).collect();
                let at = |r: usize, j: usize| 2 * r * width + width - 4 * (j / 4 + 1) + j % 4;
                let mut scattered = vec![7.0; 2 * m * width];
                for r in 0..m { for j in 0..n { scattered[at(r, j)] = old[r * n + j]; } }
                multiply_on(isa, Rows::dense(&x, k), panels.factor(), start, end, &mut scattered, To::Places { rows: &rows, quads: &quads });
                for r in 0..m {
                    for j in 0..n { prop_assert_eq!(scattered[at(r, j)], expected[r * n + j]); }
                    prop_assert!(scattered[(2 * r + 1) * width..][..width].iter().all(|&x| x == 7.0));
                }
            }
        }

        #[test]
        fn shares_give_the_bits_of_the_whole(m in 1usize..20, n in 1usize..200, parts in 1usize..9, seed in 0u32..1000) {
            let k = 30;
            let (x, w, bias) = (numbers(m * k, seed), numbers(n * k, seed + 1), numbers(n, seed + 2));
            let panels = Panels::new(k, n, &w, Some(&bias));
            let (mut whole, mut shared) = (vec![0.0; m * n], vec![0.0; m * n]);
            multiply(Rows::dense(&x, k), panels.factor(), Start::Bias, End::Plain, &mut whole, To::Rows(n));
            multiply_shared(parts, Rows::dense(&x, k), panels.factor(), Start::Bias, &mut shared, n);
            prop_assert_eq!(whole, shared);
        }
    }

    #[test]
    fn halves_go_where_they_are_sent_and_nowhere_is_left_alone() {
        // The unit matrix: sixteen outputs copy sixteen inputs; the second half comes first, and the last quad is dropped.
        let unit: Vec<f32> = (0..256).map(|i| f32::from(u8::from(i % 17 == 0))).collect();
        let panels = Panels::new(16, 16, &unit, None);
        let x: Vec<f32> = (0..16).map(|i| i as f32).collect();
        for isa in Isa::available() {
            for (quads, expected) in [
                ([8, 12, 0, 4], [8., 9., 10., 11., 12., 13., 14., 15., 0., 1., 2., 3., 4., 5., 6., 7.]),
                ([8, 12, 0, NOWHERE], [8., 9., 10., 11., -1., -1., -1., -1., 0., 1., 2., 3., 4., 5., 6., 7.]),
            ] {
                let mut c = [-1.0; 16];
                let to = To::Places { rows: &[0], quads: &quads };
                multiply_on(isa, Rows::dense(&x, 16), panels.factor(), Start::Bias, End::Plain, &mut c, to);
                assert_eq!(c, expected, "{isa:?}");
            }
        }
    }

    #[test]
    fn a_matrix_is_read_where_it_lies() {
        let (m, n, k, stride) = (5, 32, 9, 40);
        let (x, b) = (numbers(m * k, 1), numbers(k * stride, 2));
        let (mut expected, mut c) = (vec![0.0; m * n], vec![0.0; m * n]);
        gemm(m, n, k, Matrix::rows(&x, k), Matrix::rows(&b, stride), &mut expected, n, Into::Replace);
        let factor = Factor::rows(&b, k, n, stride);
        multiply(Rows::dense(&x, k), factor, Start::Bias, End::Plain, &mut c, To::Rows(n));
        assert_eq!(c, expected);
    }

    #[test]
    fn stacked_layers_are_each_their_own() {
        let (first, second, bias) = (numbers(16 * 3, 1), numbers(5 * 3, 2), numbers(21, 3));
        let layers = [
            Layer { outputs: 16, weights: &first, bias: Some(&bias[..16]) },
            Layer { outputs: 5, weights: &second, bias: Some(&bias[16..]) },
        ];
        let both = Panels::stacked(3, &layers);
        let x = numbers(2 * 3, 4);
        let mut c = vec![0.0; 2 * 21];
        multiply(Rows::dense(&x, 3), both.factor(), Start::Bias, End::Plain, &mut c, To::Rows(21));
        let (a, b) = (
            by_gemm(2, 16, 3, &x, &first, Some(&bias[..16]), None),
            by_gemm(2, 5, 3, &x, &second, Some(&bias[16..]), None),
        );
        for row in 0..2 {
            assert_eq!(c[row * 21..][..16], a[row * 16..][..16]);
            assert_eq!(c[row * 21 + 16..][..5], b[row * 5..][..5]);
        }
    }

    #[test]
    #[should_panic(expected = "C is too short")]
    fn a_place_beyond_c_is_refused() {
        let panels = Panels::new(1, 4, &[1.0; 4], None);
        let to = To::Places { rows: &[0], quads: &[1] };
        multiply(Rows::dense(&[1.0], 1), panels.factor(), Start::Bias, End::Plain, &mut [0.0; 4], to);
    }
}
