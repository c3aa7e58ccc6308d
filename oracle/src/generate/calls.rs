//! The built-in functions that generated programs call: deterministic ones, by the types of their arguments.

use super::Type;

/// A function to call.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) arguments: Vec<Type>,
    pub(super) result: Type,
}

/// `n`umber, `s`tring, `b`oolean, an`y`; `[]` array, `<>` set, `{}` object; upper case letters are texts of a form.
const TABLE: &str = "
abs n n
ceil n n
floor n n
round n n
count [y] n
count <y> n
count {y} n
count s n
sum [n] n
sum <n> n
product [n] n
max [n] n
max <s> s
min [n] n
min <y> y
sort [n] [n]
sort <y> [y]
array.concat [n] [n] [n]
array.concat [s] [s] [s]
array.slice [n] n n [n]
array.slice [s] n n [s]
array.reverse [s] [s]
array.flatten [y] [y]
intersection <<n>> <n>
union <<s>> <s>
concat s [s] s
concat s <s> s
contains s s b
startswith s s b
endswith s s b
indexof s s n
indexof_n s s [n]
lower s s
upper s s
trim s s s
trim_left s s s
trim_right s s s
trim_prefix s s s
trim_suffix s s s
trim_space s s
replace s s s s
split s s [s]
substring s n n s
sprintf L [y] s
strings.reverse s s
strings.count s s n
strings.any_prefix_match s [s] b
strings.any_suffix_match <s> s b
strings.replace_n {s} s s
format_int n n s
to_number s n
to_number y n
is_number y b
is_string y b
is_array y b
is_object y b
is_set y b
is_null y b
is_boolean y b
type_name y s
object.get {n} s n n
object.get {s} s s s
object.get {y} [s] y y
object.keys {y} <s>
object.remove {n} [s] {n}
object.remove {n} <s> {n}
object.filter {s} [s] {s}
object.union {n} {n} {n}
object.union_n [{n}] {n}
object.subset {n} {n} b
object.subset [n] [n] b
object.subset <n> <n> b
json.marshal y s
json.marshal y s
json.unmarshal J y
json.is_valid s b
json.is_valid J b
json.filter {y} [s] {y}
json.remove {y} [s] {y}
base64.encode s s
base64.decode s s
base64url.encode s s
base64url.encode_no_pad s s
hex.encode s s
hex.decode s s
urlquery.encode s s
urlquery.decode s s
regex.match R s b
regex.is_valid s b
regex.split R s [s]
regex.find_n R s n [s]
regex.replace s R s s
regex.find_all_string_submatch_n R s n [[s]]
regex.globs_match G G b
glob.match G [s] s b
glob.quote_meta s s
bits.and n n n
bits.or n n n
bits.xor n n n
bits.negate n n
bits.lsh n I n
bits.rsh n I n
numbers.range I I [n]
numbers.range_step I I I [n]
semver.compare V V n
semver.is_valid s b
time.parse_rfc3339_ns T n
time.date n [n]
time.clock n [n]
time.weekday n s
time.add_date n n n n n
time.diff n n [n]
units.parse s n
units.parse_bytes s n
graph.reachable {[s]} [s] <s>
graph.reachable {[s]} <s> <s>
net.cidr_contains C C b
net.cidr_intersects C C b
net.cidr_is_valid s b
net.cidr_expand K <s>
plus n n n
minus n n n
mul n n n
div n n n
rem n n n
eq n n b
lt y y b
gte y y b
and <n> <n> <n>
or <s> <s> <s>
internal.member_2 n [n] b
sprintf s [y] s
sprintf L [n] s
sprintf L [s] s
object.get {{n}} [s] n n
object.get y s y y
object.get y [y] y y
object.subset y y b
object.remove {y} {y} {y}
object.filter {y} {y} {y}
object.union {y} {y} {y}
json.filter y [s] {y}
json.remove y [y] {y}
json.patch {y} P {y}
json.patch y P y
strings.render_template M {y} s
strings.count s s n
regex.template_match R s s s b
regex.find_all_string_submatch_n R s I [[s]]
regex.replace s R M s
glob.match G [s] y b
glob.match s [s] s b
numbers.range n n [n]
array.slice [y] y y [y]
time.parse_duration_ns D n
time.parse_ns Y T n
time.format n s
time.date [y] [n]
units.parse B n
units.parse_bytes B n
semver.compare s s n
net.cidr_merge [C] <s>
net.cidr_contains s s b
to_number s n
yaml.marshal y s
yaml.unmarshal J y
yaml.is_valid s b
base64.is_valid s b
urlquery.encode_object {s} s
urlquery.decode_object s {[s]}
crypto.sha256 s s
crypto.md5 s s
uuid.parse s {y}
cast_array y [y]
round n n
bits.lsh n n n
graph.reachable_paths {[s]} [s] <[s]>
intersection <<y>> <y>
union <<y>> <y>
max y y
min y y
sum y n
product y n
sort y [y]
count y n
";

/// All signatures.
pub(super) fn table() -> Vec<Signature> {
    TABLE.lines().filter_map(signature).collect()
}

fn signature(line: &'static str) -> Option<Signature> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let mut arguments: Vec<Type> = words.map(|word| parse(&mut word.chars())).collect();
    let result = arguments.pop()?;
    Some(Signature {
        name,
        arguments,
        result,
    })
}

fn parse(word: &mut std::str::Chars<'_>) -> Type {
    match word.next() {
        Some('n') => Type::Number,
        Some('s') => Type::Text,
        Some('b') => Type::Bool,
        Some('[') => Type::Array(Box::new(parse(word))),
        Some('<') => Type::Set(Box::new(parse(word))),
        Some('{') => Type::Object(Box::new(parse(word))),
        Some(form) if form.is_ascii_uppercase() => Type::Form(form.to_ascii_lowercase()),
        _ => Type::Any,
    }
}
