//! Which voice plays which of the 128 General MIDI programs (0-based).

use crate::amplified;
use crate::bowed::Bowed;
use crate::brass::Brass;
use crate::choir::Choir;
use crate::effects::{self, Skin};
use crate::electric_piano::Pickup;
use crate::flutes::Flute;
use crate::mallets::Struck;
use crate::note_on::NoteOn;
use crate::organ::{self, Reeds};
use crate::piano::Piano;
use crate::plucked::Plucked;
use crate::reeds::Reed;
use crate::synthetic::Synth;
use crate::voice::Layer;
use crate::wavetable::Tables;

/// 16′ 5⅓′ 8′ 4′ 2⅔′ 2′ 1⅗′ 1⅓′ 1′.
const FULL_ORGAN: [f64; 9] = [0.8, 0.5, 1.0, 0.6, 0.35, 0.35, 0.15, 0.15, 0.25];
const JAZZ_ORGAN: [f64; 9] = [1.0, 0.9, 1.0, 0.15, 0.0, 0.0, 0.0, 0.0, 0.0];
const ROCK_ORGAN: [f64; 9] = [1.0, 0.9, 1.0, 0.8, 0.6, 0.6, 0.45, 0.45, 0.6];

/// The layers of a note of a program; above 127 there is none but the last.
pub(crate) fn layers(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    match program / 8 {
        0 => keyboards(program, note),
        1 => chromatic_percussion(program, note),
        2 => organs(program, note, tables),
        3 => guitars(program, note, tables),
        4 => basses(program, note, tables),
        5 => strings(program, note, tables),
        6 => ensembles(program, note, tables),
        7 => brasses(program, note, tables),
        8 => reeds(program, note, tables),
        9 => pipes(program, note, tables),
        10 => leads(program, note, tables),
        11 => pads(program, note, tables),
        12 => atmospheres(program, note, tables),
        13 => of_the_world(program, note, tables),
        14 => percussive(program, note),
        _ => noises(program, note, tables),
    }
}

fn keyboards(program: u8, note: &NoteOn) -> Vec<Layer> {
    match program {
        0 => Piano::GRAND.strike(note),
        1 => Piano::BRIGHT.strike(note),
        2 => Piano::ELECTRIC_GRAND.strike(note),
        3 => Piano::HONKY_TONK.strike(note),
        4 => Pickup::TINE.strike(note),
        5 => Pickup::GLASS.strike(note),
        6 => Plucked::HARPSICHORD.pluck(note),
        _ => Plucked::CLAVINET.pluck(note),
    }
}

fn chromatic_percussion(program: u8, note: &NoteOn) -> Vec<Layer> {
    match program {
        8 => Struck::CELESTA.strike(note),
        9 => Struck::GLOCKENSPIEL.strike(note),
        10 => Struck::MUSIC_BOX.strike(note),
        11 => Struck::VIBRAPHONE.strike(note),
        12 => Struck::MARIMBA.strike(note),
        13 => Struck::XYLOPHONE.strike(note),
        14 => Struck::TUBULAR_BELLS.strike(note),
        _ => Plucked::DULCIMER.pluck(note),
    }
}

fn organs(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    match program {
        16 => organ::tone_wheel(note, tables, FULL_ORGAN, 0.0),
        17 => organ::tone_wheel(note, tables, JAZZ_ORGAN, 0.55),
        18 => organ::tone_wheel(note, tables, ROCK_ORGAN, 0.2),
        19 => organ::church(note, tables),
        20 => Reeds::HARMONIUM.blow(note, tables),
        21 => Reeds::ACCORDION.blow(note, tables),
        22 => Reeds::HARMONICA.blow(note, tables),
        _ => Reeds::BANDONEON.blow(note, tables),
    }
}

fn guitars(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    match program {
        24 => Plucked::NYLON_GUITAR.pluck(note),
        25 => Plucked::STEEL_GUITAR.pluck(note),
        26 => Plucked::JAZZ_GUITAR.pluck(note),
        27 => Plucked::CLEAN_GUITAR.pluck(note),
        28 => Plucked::MUTED_GUITAR.pluck(note),
        29 => amplified::pluck(note, tables, 2.0),
        30 => amplified::pluck(note, tables, 10.0),
        _ => Plucked::GUITAR_HARMONICS.pluck(note),
    }
}

fn basses(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    match program {
        32 => Plucked::UPRIGHT_BASS.pluck(note),
        33 => Plucked::FINGER_BASS.pluck(note),
        34 => Plucked::PICKED_BASS.pluck(note),
        35 => Plucked::FRETLESS_BASS.pluck(note),
        36 => Plucked::SLAP_BASS.pluck(note),
        37 => Plucked::POPPED_BASS.pluck(note),
        38 => Synth::BASS.play(note, tables),
        _ => Synth::RUBBER_BASS.play(note, tables),
    }
}

fn strings(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    match program {
        40 => Bowed::VIOLIN.bow(note, tables),
        41 => Bowed::VIOLA.bow(note, tables),
        42 => Bowed::CELLO.bow(note, tables),
        43 => Bowed::CONTRABASS.bow(note, tables),
        44 => Bowed::TREMOLO.bow(note, tables),
        45 => Plucked::PIZZICATO.pluck(note),
        46 => Plucked::HARP.pluck(note),
        _ => Struck::TIMPANI.strike(note),
    }
}

fn ensembles(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    match program {
        48 => Bowed::ENSEMBLE.bow(note, tables),
        49 => Bowed::SLOW_ENSEMBLE.bow(note, tables),
        50 => Synth::STRINGS.play(note, tables),
        51 => Synth::DARK_STRINGS.play(note, tables),
        52 => Choir::AAHS.sing(note, tables),
        53 => Choir::OOHS.sing(note, tables),
        54 => Choir::SYNTH.sing(note, tables),
        _ => effects::orchestra_hit(note, tables),
    }
}

fn brasses(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let brass = match program {
        56 => Brass::TRUMPET,
        57 => Brass::TROMBONE,
        58 => Brass::TUBA,
        59 => Brass::MUTED_TRUMPET,
        60 => Brass::HORN,
        61 => Brass::SECTION,
        62 => Brass::SYNTH,
        _ => Brass::SOFT_SYNTH,
    };
    brass.blow(note, tables)
}

fn reeds(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let reed = match program {
        64 => Reed::SOPRANO_SAX,
        65 => Reed::SAXOPHONE,
        66 => Reed::TENOR_SAX,
        67 => Reed::BARITONE_SAX,
        68 => Reed::OBOE,
        69 => Reed::ENGLISH_HORN,
        70 => Reed::BASSOON,
        _ => Reed::CLARINET,
    };
    reed.blow(note, tables)
}

fn pipes(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let flute = match program {
        72 => Flute::PICCOLO,
        73 => Flute::FLUTE,
        74 => Flute::RECORDER,
        75 => Flute::PAN_FLUTE,
        76 => Flute::BOTTLE,
        77 => Flute::SHAKUHACHI,
        78 => Flute::WHISTLE,
        _ => Flute::OCARINA,
    };
    flute.blow(note, tables)
}

fn leads(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let synth = match program {
        80 => Synth::SQUARE_LEAD,
        81 => Synth::SAW_LEAD,
        82 => Synth::CALLIOPE,
        83 => Synth::CHIFF,
        84 => Synth::CHARANG,
        85 => return Choir::LEAD.sing(note, tables),
        86 => Synth::FIFTHS,
        _ => Synth::BASS_AND_LEAD,
    };
    synth.play(note, tables)
}

fn pads(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let synth = match program {
        88 => Synth::NEW_AGE,
        89 => Synth::WARM,
        90 => Synth::POLYSYNTH,
        91 => return Choir::PAD.sing(note, tables),
        92 => Synth::BOWED_PAD,
        93 => Synth::METALLIC,
        94 => Synth::HALO,
        _ => Synth::SWEEP,
    };
    synth.play(note, tables)
}

fn atmospheres(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let synth = match program {
        96 => Synth::RAIN,
        97 => Synth::SOUNDTRACK,
        98 => return Struck::CRYSTAL.strike(note),
        99 => Synth::ATMOSPHERE,
        100 => Synth::BRIGHTNESS,
        101 => Synth::GOBLINS,
        102 => Synth::ECHOES,
        _ => Synth::SCI_FI,
    };
    synth.play(note, tables)
}

fn of_the_world(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    match program {
        104 => Plucked::SITAR.pluck(note),
        105 => Plucked::BANJO.pluck(note),
        106 => Plucked::SHAMISEN.pluck(note),
        107 => Plucked::KOTO.pluck(note),
        108 => Struck::KALIMBA.strike(note),
        109 => Reed::BAGPIPE.blow(note, tables),
        110 => Bowed::FIDDLE.bow(note, tables),
        _ => Reed::SHANAI.blow(note, tables),
    }
}

fn percussive(program: u8, note: &NoteOn) -> Vec<Layer> {
    match program {
        112 => Struck::TINKLE_BELL.strike(note),
        113 => Struck::AGOGO.strike(note),
        114 => Struck::STEEL_DRUM.strike(note),
        115 => Struck::WOODBLOCK.strike(note),
        116 => Skin::TAIKO.strike(note),
        117 => Skin::TOM.strike(note),
        118 => Skin::SYNTH.strike(note),
        _ => effects::reverse_cymbal(note),
    }
}

fn noises(program: u8, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    match program {
        120 => effects::fret_noise(note),
        121 => effects::breath(note),
        122 => effects::seashore(note),
        123 => effects::bird(note, tables),
        124 => effects::telephone(note, tables),
        125 => effects::helicopter(note, tables),
        126 => effects::applause(note),
        _ => effects::gunshot(note),
    }
}

/// What brings each program to the loudness of the others, in decibels, eight to a line.
///
/// Measured: velocity 110 at three pitches of the range, loudest 0.1 s through the K weighting of ITU-R BS.1770; struck and plucked
/// tones are brought to about −16.5 LUFS, held ones, which do not fade, to −20, noises to −21.
#[rustfmt::skip]
const LEVELS_DB: [f32; 128] = [
    -1.0, -1.0, -1.0, -2.0, 2.5, 1.5, -1.5, 0.0,
    2.5, 0.0, 1.0, 3.5, 3.5, 5.5, 1.0, 0.5,
    2.5, 2.5, 2.0, 1.5, 1.5, 1.5, 2.0, 1.5,
    1.0, 0.0, 0.5, 0.0, 4.5, 3.5, 3.5, 1.0,
    2.0, 1.0, 1.0, 1.0, 0.5, 0.5, 9.5, 9.5,
    4.0, 4.0, 4.5, 5.0, 3.5, 4.0, 1.0, 4.5,
    0.5, 1.0, 2.5, 2.5, 2.0, 1.5, 2.0, 1.0,
    4.5, 5.0, 6.0, 3.0, 5.0, 3.0, 4.0, 3.5,
    3.0, 3.5, 3.5, 4.0, 3.0, 3.5, 4.0, 4.0,
    2.5, 4.0, 4.5, 4.0, 4.5, 4.0, 4.5, 4.5,
    3.5, 3.5, 6.0, 3.5, 3.0, 2.0, 2.5, 3.0,
    5.5, 2.5, 2.5, 2.5, 2.5, 3.0, 3.0, 3.0,
    6.5, 2.0, 2.0, 5.0, 3.0, 3.0, 7.5, 2.5,
    -0.5, 1.0, 1.5, 0.5, 3.0, 2.5, 3.5, 2.0,
    2.0, 1.0, 2.5, 7.5, 2.5, 3.5, 3.5, 5.0,
    11.0, -2.5, 6.5, 4.5, 7.0, -3.5, 0.5, -5.5,
];

/// The level of a program beside what its family makes.
pub(crate) fn level_db(program: u8) -> f64 {
    f64::from(LEVELS_DB[usize::from(program.min(127))])
}
