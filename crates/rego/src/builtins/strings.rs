//! Strings: what is in them, parts of them, and others made from them. Positions count characters, not bytes.

use super::Builtin;
use super::declare::{array_or_set, boolean, named, number, string, takes};
use crate::types::{Function, Named, Type};

mod case;
mod parts;
mod replace;
mod search;
mod template;
mod trim;

pub(super) use self::case::to_lower;

const STRINGS: &[&str] = &["strings"];

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "concat",
        "Joins the strings of a collection, a delimiter between each two.",
        parts::concat,
    )
    .declared(|| {
        takes([
            string("delimiter", "what stands between two strings"),
            named("collection", array_or_set(Type::String), "the strings"),
        ])
        .gives(string("output", "all in one"))
    })
    .categories(STRINGS),
    Builtin::new(
        "contains",
        "Whether a string occurs in another.",
        search::contains,
    )
    .declared(|| {
        takes([haystack(), needle()]).gives(boolean("result", "whether `needle` occurs"))
    })
    .categories(STRINGS),
    Builtin::new(
        "endswith",
        "Whether a string ends with another.",
        search::endswith,
    )
    .declared(|| {
        takes([
            string("search", "the string to look at"),
            string("base", "the end to look for"),
        ])
        .gives(boolean("result", "whether `search` ends with `base`"))
    })
    .categories(STRINGS),
    Builtin::new(
        "format_int",
        "Writes a number's whole part in base 2, 8, 10 or 16.",
        parts::format_int,
    )
    .declared(|| {
        takes([
            number("number", "the number"),
            number("base", "the base: 2, 8, 10 or 16"),
        ])
        .gives(string("output", "the digits"))
    })
    .categories(STRINGS),
    Builtin::new(
        "indexof",
        "Where a string occurs first in another.",
        search::indexof,
    )
    .declared(|| {
        takes([haystack(), needle()]).gives(number("output", "the position; -1 if there is none"))
    })
    .categories(STRINGS),
    Builtin::new(
        "indexof_n",
        "Every place where a string occurs in another, overlapping ones too.",
        search::indexof_n,
    )
    .declared(|| {
        let positions = Type::array(Type::Number);
        takes([haystack(), needle()]).gives(named("output", positions, "the positions"))
    })
    .categories(STRINGS),
    Builtin::new("lower", "Puts a string into lower case.", case::lower)
        .declared(|| takes([string("x", "the string")]).gives(string("y", "`x` in lower case")))
        .categories(STRINGS),
    Builtin::new(
        "replace",
        "Puts a string in the place of each occurrence of another.",
        replace::replace,
    )
    .declared(|| {
        takes([
            string("x", "the string to change"),
            string("old", "what to look for"),
            string("new", "what takes its place"),
        ])
        .gives(string("y", "the changed string"))
    })
    .categories(STRINGS),
    Builtin::new(
        "split",
        "Cuts a string at each delimiter; at each character if the delimiter is empty.",
        parts::split,
    )
    .declared(|| {
        takes([whole(), delimiter()]).gives(named("ys", Type::array(Type::String), "the parts"))
    })
    .categories(STRINGS),
    Builtin::new(
        "startswith",
        "Whether a string begins with another.",
        search::startswith,
    )
    .declared(|| {
        takes([
            string("search", "the string to look at"),
            string("base", "the beginning to look for"),
        ])
        .gives(boolean("result", "whether `search` begins with `base`"))
    })
    .categories(STRINGS),
    Builtin::new(
        "strings.any_prefix_match",
        "Whether any of some strings begins with any of others.",
        search::any_prefix_match,
    )
    .declared(|| {
        takes([
            one_or_many("search", "the strings to look at"),
            one_or_many("base", "the beginnings to look for"),
        ])
        .gives(boolean("result", "whether one of them does"))
    })
    .categories(STRINGS),
    Builtin::new(
        "strings.any_suffix_match",
        "Whether any of some strings ends with any of others.",
        search::any_suffix_match,
    )
    .declared(|| {
        takes([
            one_or_many("search", "the strings to look at"),
            one_or_many("base", "the ends to look for"),
        ])
        .gives(boolean("result", "whether one of them does"))
    })
    .categories(STRINGS),
    Builtin::new(
        "strings.count",
        "How often a string occurs in another without overlap.",
        search::count,
    )
    .declared(|| {
        takes([
            string("search", "the string to look in"),
            string("substring", "what to look for"),
        ])
        .gives(number("output", "how often"))
    })
    .categories(STRINGS),
    Builtin::new(
        "strings.render_template",
        "Fills a text in the syntax of Go's text/template with variables.",
        template::render_template,
    )
    .declared(|| {
        takes([
            string("value", "the template"),
            named(
                "vars",
                Type::object(Type::String, Type::any()),
                "the variables by name",
            ),
        ])
        .gives(string("result", "the filled text"))
    })
    .categories(STRINGS),
    Builtin::new(
        "strings.replace_n",
        "Replaces several strings in one pass; at one place, the first in the order of keys counts.",
        replace::replace_n,
    )
    .declared(|| {
        takes([
            named(
                "patterns",
                Type::object(Type::String, Type::String),
                "what to look for, and what takes its place",
            ),
            string("value", "the string to change"),
        ])
        .gives(string("output", "the changed string"))
    }),
    Builtin::new(
        "strings.reverse",
        "Puts a string's characters in the opposite order.",
        parts::reverse,
    )
    .declared(|| takes([string("x", "the string")]).gives(string("y", "`x` backwards")))
    .categories(STRINGS),
    Builtin::new(
        "strings.split_n",
        "Cuts a string at each delimiter and gives the first `n` parts, or the last `-n`.",
        parts::split_n,
    )
    .declared(|| {
        takes([
            whole(),
            delimiter(),
            number("n", "how many parts: from the front, or if negative from the back"),
        ])
        .gives(named("ys", Type::array(Type::String), "the parts"))
    })
    .categories(STRINGS),
    Builtin::new(
        "substring",
        "A part of a string; with a negative length all that follows the offset.",
        parts::substring,
    )
    .declared(|| {
        takes([
            string("value", "the string"),
            number("offset", "where the part begins; not negative"),
            number("length", "how many characters it has at most"),
        ])
        .gives(string("output", "the part"))
    })
    .categories(STRINGS),
    Builtin::new(
        "trim",
        "Drops characters of a cutset from both ends of a string.",
        trim::trim,
    )
    .declared(|| trims("cutset", "the characters to drop"))
    .categories(STRINGS),
    Builtin::new(
        "trim_left",
        "Drops characters of a cutset from a string's beginning.",
        trim::trim_left,
    )
    .declared(|| trims("cutset", "the characters to drop"))
    .categories(STRINGS),
    Builtin::new(
        "trim_prefix",
        "Drops a beginning, where the string has it.",
        trim::trim_prefix,
    )
    .declared(|| trims("prefix", "the beginning to drop"))
    .categories(STRINGS),
    Builtin::new(
        "trim_right",
        "Drops characters of a cutset from a string's end.",
        trim::trim_right,
    )
    .declared(|| trims("cutset", "the characters to drop"))
    .categories(STRINGS),
    Builtin::new(
        "trim_space",
        "Drops white space from both ends of a string.",
        trim::trim_space,
    )
    .declared(|| {
        takes([string("value", "the string")]).gives(string("output", "what is left of it"))
    })
    .categories(STRINGS),
    Builtin::new(
        "trim_suffix",
        "Drops an end, where the string has it.",
        trim::trim_suffix,
    )
    .declared(|| trims("suffix", "the end to drop"))
    .categories(STRINGS),
    Builtin::new("upper", "Puts a string into upper case.", case::upper)
        .declared(|| takes([string("x", "the string")]).gives(string("y", "`x` in upper case")))
        .categories(STRINGS),
];

fn haystack() -> Named {
    string("haystack", "the string to look in")
}

fn needle() -> Named {
    string("needle", "what to look for")
}

fn whole() -> Named {
    string("x", "the string to cut")
}

fn delimiter() -> Named {
    string("delimiter", "where to cut; it is in no part")
}

fn one_or_many(name: &str, description: &str) -> Named {
    let strings = Type::array(Type::String);
    let of = Type::one_of([Type::String, strings, Type::set(Type::String)]);
    named(name, of, description)
}

fn trims(name: &str, description: &str) -> Function {
    takes([string("value", "the string"), string(name, description)])
        .gives(string("output", "what is left of it"))
}

#[cfg(test)]
mod tests;
