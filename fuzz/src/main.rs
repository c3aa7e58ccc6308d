//! A bounded fuzz run on stable Rust: replays the kept corpus, then mutates from it.
//!
//! It has no coverage feedback; for that there is libFuzzer (see `fuzz_targets/`). It runs as many
//! targets at once as there are processors, each on a thread with the stack of a data thread, so
//! that an input that needs more ends the run; the printed seed brings the same inputs again.

use std::any::Any;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use regate_fuzz::{TARGETS, Target};

const STACK: usize = 16 << 20;
const MAX_LENGTH: usize = 64 << 10;
/// An input that takes longer is a failure: no request may stall others.
const TOO_SLOW: Duration = Duration::from_secs(10);
/// More than this is held by no targets that run at once, in KiB.
const TOO_MUCH: u64 = 1 << 20;
const USAGE: &str = "usage: regate-fuzz [--seconds N] [--seed N] [TARGET]...";

struct Options {
    seconds: u64,
    seed: u64,
    targets: Vec<&'static Target>,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("fuzz: {message}\nfuzz: {USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("fuzz: seed {}", options.seed);
    match run(&options) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seed = clock.map_or(1, |time| time.as_secs());
    let mut options = Options {
        seconds: 20,
        seed,
        targets: Vec::new(),
    };
    while let Some(arg) = args.next() {
        let mut number = || {
            let value = args.next().and_then(|value| value.parse().ok());
            value.ok_or(format!("`{arg}` needs a number"))
        };
        match arg.as_str() {
            "--seconds" => options.seconds = number()?,
            "--seed" => options.seed = number()?,
            name => {
                let target = TARGETS.iter().find(|target| target.name == name);
                options
                    .targets
                    .push(target.ok_or(format!("there is no target `{name}`"))?);
            }
        }
    }
    if options.targets.is_empty() {
        options.targets.extend(TARGETS);
    }
    Ok(options)
}

/// Runs each target for the time that is given; gives the number that failed.
fn run(options: &Options) -> usize {
    let time = Duration::from_secs(options.seconds);
    let [next, failed] = [const { AtomicUsize::new(0) }; 2];
    let work = || {
        let take = || options.targets.get(next.fetch_add(1, Ordering::Relaxed));
        while let Some(target) = take() {
            if !fuzz(target, options.seed, time) {
                failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers.min(options.targets.len()) {
            let worker = thread::Builder::new().stack_size(STACK);
            worker.spawn_scoped(scope, work).expect("a thread");
        }
    });
    let failed = failed.into_inner();
    println!(
        "fuzz: {} passed, {failed} failed; {} MiB at most",
        options.targets.len() - failed,
        peak().unwrap_or_default() >> 10
    );
    failed
}

fn fuzz(target: &Target, seed: u64, time: Duration) -> bool {
    let home = home();
    let corpus = corpus(&home.join("corpus").join(target.name));
    println!("fuzz: {}: {} kept inputs", target.name, corpus.len());
    let start = Instant::now();
    for input in &corpus {
        if !survives(target, input, &home) {
            return false;
        }
    }
    let mut random = Random(seed);
    let mut executions = corpus.len();
    while start.elapsed() < time {
        for _ in 0..64 {
            let input = mutate(&corpus, target.pieces, &mut random);
            executions += 1;
            if !survives(target, &input, &home) {
                return false;
            }
        }
        if peak().is_some_and(|peak| peak > TOO_MUCH) {
            println!(
                "fuzz: {}: FAILED: the last inputs took too much memory",
                target.name
            );
            return false;
        }
    }
    println!("fuzz: {}: {executions} executions", target.name);
    true
}

/// The most memory that the process held until now, in KiB, where the system tells it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn survives(target: &Target, input: &[u8], home: &Path) -> bool {
    let start = Instant::now();
    let failure = match catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        Ok(()) if start.elapsed() < TOO_SLOW => return true,
        Ok(()) => format!("took {:?}", start.elapsed()),
        Err(panic) => message(panic.as_ref()),
    };
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let folder = home.join("artifacts").join(target.name);
    let file = folder.join(format!("crash-{hash:016x}"));
    let saved = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, input));
    println!("fuzz: {}: FAILED: {failure}", target.name);
    println!("fuzz:   input {}", hex(input));
    match saved {
        Ok(()) => println!("fuzz:   saved in {}", file.display()),
        Err(error) => println!("fuzz:   could not be saved in {}: {error}", file.display()),
    }
    false
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The fuzz folder: cargo tells it at run time, else it is where this was built.
fn home() -> PathBuf {
    let told = std::env::var_os("CARGO_MANIFEST_DIR");
    told.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

/// The kept inputs by name, so that a seed means the same everywhere; at least an empty one.
fn corpus(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let mut inputs: Vec<_> = paths
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .collect();
    if inputs.is_empty() {
        inputs.push(Vec::new());
    }
    inputs
}

fn mutate(corpus: &[Vec<u8>], pieces: &[&str], random: &mut Random) -> Vec<u8> {
    let mut input = random.choose(corpus).clone();
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        let to = at + random.below((input.len() - at).min(32) + 1);
        match random.below(8) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = *random.choose(&[0, 1, 0x7f, 0x80, 0xff, b' ']),
            2 => input.insert(at, random.byte()),
            3 => drop(input.drain(at..to)),
            4 => {
                let copy = input[at..to].repeat(1 + random.below(8));
                input.splice(at..at, copy);
            }
            5 => {
                let other = random.choose(corpus);
                let from = random.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            6 => input.truncate(at),
            _ => drop(input.splice(at..at, random.choose(pieces).bytes())),
        }
    }
    input.truncate(MAX_LENGTH);
    input
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % limit).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
