"""What is measured: workloads with their files, and the files that `workloads.py` does not write."""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))


class Shape:
    """A policy with data, a query and inputs."""

    def __init__(self, part, name, query, module, data, inputs, flags=(), aim=1):
        self.part, self.name, self.query, self.module, self.data, self.inputs = part, name, query, module, data, inputs
        # How many times faster than OPA it is to be.
        self.flags, self.aim = flags, aim

    def ours(self, inputs=True):
        data = ["--data", self.data] if self.data else []
        asked = [word for name in self.inputs for word in ("--input", name)] if inputs else []
        return [self.query, self.module, *data, *asked, *self.flags]

    def opa(self, name):
        data = ["-d", self.data] if self.data else []
        return ["-d", self.module, *data, "-i", name, self.query]

    def label(self, name):
        stem = os.path.splitext(name)[0]
        return stem.rsplit("_", 1)[-1] if len(self.inputs) > 1 else "-"


def _inputs(stem):
    return [f"{stem}_{which}.json" for which in ("first", "mid", "last", "none")]


def _rules(count):
    return Shape("b", f"(b) {count:,} rules", "data.acl.allow", f"b_{count}.rego", None, _inputs(f"b_{count}"))


def _permissions(kind):
    return Shape("c", f"(c) 100,000 permissions, {kind}", "data.perm.allow", f"c_{kind}.rego", f"c_{kind}.json", _inputs("c"))


def _token(alg, which, aim, *flags):
    return Shape("t", f"(t) {alg} token, {which}", "data.tokens.allow", f"token_{alg}.rego", None, [f"token_{alg}.json"], flags, aim)


def _call(name, aim):
    stem = name.replace(" ", "_").replace(",", "")
    return Shape("f", f"(f) {name}", "data.calls.allow", f"{stem}.rego", None, [f"{stem}.json"], aim=aim)


def _items(count):
    address = {"street": "Harbour Road", "number": 7, "city": "Exampleton", "located": [54.32, 10.13]}
    return [{"id": n, "name": f"item {n}", "tags": ["new", "sale"], "price": 12.5, "seller": address} for n in range(count)]


RBAC = Shape("a", "(a) roles, claims, path", "data.envoy.authz.allow", "a.rego", "a_data.json", ["a_input.json"])
_PATH = "/api/v2/tenants/acme-17/orders/2026-11-21/lines"
_REGEX = "^/api/v[0-9]+/tenants/([a-z0-9-]+)/orders/[0-9]{4}-[0-9]{2}-[0-9]{2}(/[a-z]+)?$"
_GLOB = "/api/*/tenants/{acme,other}-*/orders/**"
# One call of a built-in: how many times faster it is to be, the condition, the input.
CALLS = {
    "regex.match, constant": (10, f"regex.match({json.dumps(_REGEX)}, input.path)", {"path": _PATH}),
    "regex.match, dynamic": (10, "regex.match(input.pattern, input.path)", {"pattern": _REGEX, "path": _PATH}),
    "glob.match, constant": (10, f'glob.match({json.dumps(_GLOB)}, ["/"], input.path)', {"path": _PATH}),
    "glob.match, dynamic": (10, 'glob.match(input.pattern, ["/"], input.path)', {"pattern": _GLOB, "path": _PATH}),
    "json.unmarshal, 10 kB": (1, "json.unmarshal(input.text)[17].id == 17", {"text": json.dumps(_items(60))}),
    "net.cidr_contains": (1, 'net.cidr_contains("10.16.0.0/12", input.address)', {"address": "10.17.3.4"}),
}
SHAPES = [
    RBAC,
    *(_rules(count) for count in (10, 100, 1000, 10000, 100000)),
    *(_permissions(kind) for kind in ("arr", "nested", "flat")),
    # Cold: the signature is verified each time, with a key that has been read. OPA remembers keys too, and no tokens.
    *(_token(alg, "cold", 2 if alg == "RS256" else 1, "--cold") for alg in ("HS256", "RS256", "ES256")),
    *(_token(alg, "seen before", 30) for alg in ("HS256", "RS256", "ES256")),
    *(_call(name, aim) for name, (aim, _, _) in CALLS.items()),
]
LOADS = [
    Shape("load", "100,000 rules of one name", "data.acl.allow", "b_100000.rego", None, ["b_100000_none.json"]),
    Shape("load", "100,000 rules of 100,000 names", "data.names.r7", "names.rego", None, ["c_none.json"]),
    Shape("load", "100,000 permissions, array", "data.perm.allow", "c_arr.rego", "c_arr.json", ["c_none.json"]),
]
GROWTH = {
    "1,000 rules, 0.1 MB": ["b_1000.rego"],
    "10,000 rules, 1 MB": ["b_10000.rego"],
    "100,000 rules, 10 MB": ["b_100000.rego"],
    "10 MB of one module's functions and loops": ["large.rego"],
    "100,000 nested brackets": ["brackets.rego"],
    "250 modules of 40 rules": [f"few/m{number}.rego" for number in range(250)],
    "1,000 modules of 40 rules": [f"many/m{number}.rego" for number in range(1000)],
}


def _each(count, line, between=""):
    return between.join(line(number) for number in range(count))


# Policies that could cost more than their size: the text of size n. What is four times as long takes about four times.
FAMILIES = {
    "rules of one name": lambda n: _each(n, lambda i: f"a if input.x == {i}\n"),
    "rules of n names": lambda n: _each(n, lambda i: f"r{i} if input.x == {i}\n"),
    "keys of an object": lambda n: "x := {" + _each(n, lambda i: f'"k{i}": input.v{i}', ", ") + "}\n\ny := x.k7\n",
    "keys of a constant object": lambda n: "x := {" + _each(n, lambda i: f'"k{i}": {i}', ", ") + "}\n\ny := x[input.k]\n",
    "elements of an array": lambda n: "x := [" + _each(n, lambda i: f"[{i}, input.v{i}]", ", ") + "]\n\ny := x[input.k]\n",
    "members of a set": lambda n: "x := {" + _each(n, lambda i: f'{{"k{i}": input.v{i}}}', ", ") + "}\n\ny contains v if some v in x\n",
    "literals": lambda n: "a if {\n" + _each(n, lambda i: f"\tinput.x{i}\n") + "}\n",
    "variables, last one first": lambda n: "a if {\n" + _each(n, lambda i: f"\tv{n - i} = v{n - i - 1} + 1\n") + "\tv0 = input.x\n}\n",
    "names in a pattern": lambda n: "a if {\n\tsome [" + _each(n, lambda i: f"x{i}", ", ") + "] in input.xs\n}\n",
    "else branches": lambda n: "a := 0 if input.x" + _each(n, lambda i: f" else := {i} if input.x{i}"),
    "with modifiers": lambda n: "b := input\n\na if b" + _each(n, lambda i: f" with input.x{i} as {i}") + "\n",
    "imports": lambda n: _each(n, lambda i: f"import data.m{i}\n") + _each(n, lambda i: f"r{i} := m{i}.x\n"),
    "keys of a rule's tree": lambda n: _each(n, lambda i: f"a.k{i} := {i}\n") + _each(n, lambda i: f"b{i} := a[input.x{i}]\n"),
    "rules of a set, rules that read it": lambda n: _each(n, lambda i: f'a contains "m{i}" if input.x{i}\n')
    + _each(n, lambda i: f'b{i} if a["m{i}"]\n'),
    "definitions of a function": lambda n: _each(n, lambda i: f'f({i}) := {{"v{i}": input.x}}\n') + "x := f(input.x)\n",
    "parameters": lambda n: "f(" + _each(n, lambda i: f"a{i}", ", ") + ") := a0\n",
    "keys of a reference": lambda n: "x := data" + _each(n, lambda i: f".a{i}") + "\n",
    "keys of an import": lambda n: "import data" + _each(n, lambda i: f".a{i}") + " as q\n\nx := q\n",
    "keys of a replaced path": lambda n: "x if data.z with data" + _each(n, lambda i: f".a{i}") + " as 1\n",
    "parts of a template": lambda n: 'x := $"' + _each(n, lambda i: f"{{input.a{i}}} ") + '"\n',
    "comments": lambda n: _each(n, lambda i: f"# {i}\n"),
    "METADATA blocks": lambda n: _each(n, lambda i: f"# METADATA\n# title: t{i}\nr{i} := {i}\n\n"),
    "types of one name": lambda n: _each(n, lambda i: f'a := {{"k{i}": input.x, "j": {i}}} if input.y == {i}\n') + "b := a.j\n",
    "comprehensions": lambda n: "a if {\n" + _each(n, lambda i: f"\tc{i} := [x | some x in input.xs; x > {i}]\n") + "}\n",
    "a chain of rules": lambda n: _each(n, lambda i: f"r{i} := r{i + 1}\n") + f"r{n} := input.x\n",
    "a cycle of rules": lambda n: _each(n, lambda i: f"r{i} := r{i + 1}\n") + f"r{n} := r0\n",
    "replaced rules of a chain": lambda n: "r0 := data.base\n\n"
    + _each(n, lambda i: f"r{i + 1} := r{i}\n\nu{i} if r{i} with data.p.r{i} as 1\n\n"),
}
# How large each of them is, first and then.
SIZES = (5000, 20000)


def more(folder):
    """Writes the rest of the files."""
    write(folder, "names.rego", "package names\n\n" + "".join(f'r{i} if input.subject == "user{i}"\n' for i in range(100000)))
    with open(os.path.join(HERE, "tokens.json"), encoding="utf-8") as file:
        for alg, asked in json.load(file).items():
            write(folder, f"token_{alg}.json", json.dumps({"token": asked["token"]}))
            constraints = json.dumps(asked["constraints"])
            write(folder, f"token_{alg}.rego", f"package tokens\n\nallow if io.jwt.decode_verify(input.token, {constraints})[0]\n")
    for shape in SHAPES:
        if shape.part == "f":
            _, condition, asked = CALLS[shape.name.removeprefix("(f) ")]
            write(folder, shape.module, f"package calls\n\nallow if {condition}\n")
            write(folder, shape.inputs[0], json.dumps(asked))
    write(folder, "brackets.rego", "package p\n\nx := " + "[" * 100000 + "]" * 100000 + "\n")
    write(folder, "large.rego", "package large\n\n" + "".join(_function(i) for i in range(45000)))
    for name, text in FAMILIES.items():
        for size in SIZES:
            write(folder, family(name, size), "package p\n\n" + text(size))
    for name, count in (("few", 250), ("many", 1000)):
        for number in range(count):
            rules = "".join(_rule(rule) for rule in range(40))
            before = f"import data.m{number - 1}\n\nbefore := m{number - 1}.r0\n" if number else ""
            write(folder, f"{name}/m{number}.rego", f"package m{number}\n\n{before}\n{rules}")


def family(name, size):
    """The file of one of [`FAMILIES`]."""
    return f"families/{name.replace(' ', '_')}_{size}.rego"


def _rule(number):
    return f'r{number} if {{\n\tsome x in input.xs\n\tx.kind == "k{number}"\n\tstartswith(x.path, "/api/{number}/")\n}}\n\n'


def _function(number):
    return (
        f"f{number}(x) := y if {{\n\tsome item in x.items\n\titem.id == {number}\n"
        f'\ty := {{"id": item.id, "names": [n | some n in item.names; n != "{number}"]}}\n\tcount(y.names) > 0\n}}\n\n'
    )


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
