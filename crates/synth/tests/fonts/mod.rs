//! A small SoundFont made on the spot: one looped sine, on every program, and as a drum kit.

/// Frames of the sample, of which the last two hundred are the loop: 20 waves of 20 frames are 2,205 Hz at 44,100.
pub const FRAMES: u32 = 400;

pub fn sine() -> Vec<i16> {
    (0..FRAMES).map(|i| (12_000.0 * (std::f64::consts::TAU * f64::from(i) / 20.0).sin()) as i16).collect()
}

pub fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&id[..], &(body.len() as u32).to_le_bytes(), body].concat()
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn named(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(20, 0);
    bytes
}

/// A preset row: program, bank, first zone.
fn preset(name: &str, program: u16, bank: u16, zone: u16) -> Vec<u8> {
    [named(name), words(&[program, bank, zone]), vec![0; 12]].concat()
}

fn sample(name: &str, start: u32, end: u32, looped: [u32; 2], kind: u16) -> Vec<u8> {
    let numbers = [start, end, looped[0], looped[1], 44_100];
    // Original key 97 is 2,217 Hz, near enough.
    let tail = [&[97, 0][..], &words(&[0, kind])].concat();
    [named(name), numbers.iter().flat_map(|n| n.to_le_bytes()).collect(), tail].concat()
}

/// A file with these samples and this header for the one sound.
fn font(samples: &[u8], header: Vec<u8>) -> Vec<u8> {
    let info = [b"INFO".to_vec(), chunk(b"ifil", &[2, 0, 1, 0]), chunk(b"INAM", b"Test tone\0")].concat();
    let sdta = [b"sdta".to_vec(), chunk(b"smpl", samples)].concat();
    let generators = [[54, 1], [53, 0], [0, 0]]; // loop, sample 0, end
    let pdta = [
        b"pdta".to_vec(),
        chunk(b"phdr", &[preset("Tone", 0, 0, 0), preset("Kit", 0, 128, 1), preset("EOP", 0, 0, 2)].concat()),
        chunk(b"pbag", &words(&[0, 0, 1, 0, 2, 0])),
        chunk(b"pmod", &[0; 10]),
        chunk(b"pgen", &words(&[41, 0, 41, 0, 0, 0])),
        chunk(b"inst", &[named("Tone"), words(&[0]), named("EOI"), words(&[1])].concat()),
        chunk(b"ibag", &words(&[0, 0, 2, 0])),
        chunk(b"imod", &[0; 10]),
        chunk(b"igen", &words(&generators.concat())),
        chunk(b"shdr", &[header, sample("EOS", 0, 0, [0, 0], 0)].concat()),
    ]
    .concat();
    let lists = [chunk(b"LIST", &info), chunk(b"LIST", &sdta), chunk(b"LIST", &pdta)].concat();
    chunk(b"RIFF", &[b"sfbk".to_vec(), lists].concat())
}

/// As `.sf2`.
pub fn plain() -> Vec<u8> {
    let mut samples: Vec<u8> = sine().iter().flat_map(|x| x.to_le_bytes()).collect();
    samples.resize(samples.len() + 92, 0);
    font(&samples, sample("sine", 0, FRAMES, [200, FRAMES - 1], 1))
}

/// As `.sf3`: the same sample as Ogg Vorbis, its loop counted from its own beginning.
pub fn compressed() -> Vec<u8> {
    let stream = vorbis(1, &sine());
    let size = stream.len() as u32;
    // An even number of bytes, as the chunk wants.
    let padded = [stream, vec![0; size as usize % 2]].concat();
    font(&padded, sample("sine", 0, size, [200, FRAMES - 1], 0x11))
}

/// Samples as an Ogg Vorbis stream.
pub fn vorbis(ears: u8, samples: &[i16]) -> Vec<u8> {
    use std::num::{NonZeroU8, NonZeroU32};
    let (rate, ears) = (NonZeroU32::new(44_100).expect("a rate"), NonZeroU8::new(ears).expect("an ear"));
    let mut encoder =
        vorbis_rs::VorbisEncoderBuilder::new_with_serial(rate, ears, Vec::new(), 1).build().expect("an encoder");
    let ear: Vec<f32> = samples.iter().map(|x| f32::from(*x) / 32_768.0).collect();
    encoder.encode_audio_block(vec![ear; usize::from(ears.get())]).expect("encodable sound");
    encoder.finish().expect("a finished stream")
}
