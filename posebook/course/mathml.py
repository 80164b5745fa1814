"""TeX to MathML, which browsers draw without any script: as much of TeX as this book uses."""

import re
from html import escape

_SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "theta": "θ",
    "lambda": "λ", "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "ϕ",
    "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ", "partial": "∂", "nabla": "∇", "infty": "∞", "top": "⊤",
    "varepsilon": "ε", "eta": "η", "kappa": "κ", "nu": "ν", "xi": "ξ", "chi": "χ", "psi": "ψ",
}  # fmt: skip
_OPERATORS = {
    "cdot": "·", "cdots": "⋯", "ldots": "…", "dots": "…", "odot": "⊙", "times": "×", "in": "∈",
    "ni": "∋", "mapsto": "↦", "approx": "≈", "Longrightarrow": "⟹", "Rightarrow": "⇒", "to": "→",
    "rightarrow": "→", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠",
    "pm": "±", "sim": "∼", "circ": "∘", "propto": "∝", "ll": "≪", "gg": "≫", "mid": "|",
    "lVert": "‖", "rVert": "‖", "Vert": "‖", "|": "‖", "lvert": "|", "rvert": "|", "{": "{",
    "}": "}", "langle": "⟨", "rangle": "⟩", "sum": "∑", "prod": "∏", "int": "∫", "subset": "⊂",
}  # fmt: skip
_FUNCTIONS = {"log", "exp", "sin", "cos", "tan", "max", "min", "det", "arg", "lim", "tr"}
_SPACES = {",": 0.17, ";": 0.28, ":": 0.22, "!": -0.17, " ": 0.3, "quad": 1.0, "qquad": 2.0}
_ACCENTS = {"hat": "^", "tilde": "~", "bar": "¯", "vec": "→", "dot": "˙"}
#: Browsers stretch signs only with a font for it; a border needs none.
_OVERLINE = "border-top:.06em solid;padding-top:.12em;margin-top:.1em"
_WORDS = {"text", "mathrm", "operatorname", "mathbf", "textrm"}
_BIG = {"big", "Big", "bigl", "bigr", "Bigl", "Bigr"}
_LIMITS = {"∑", "∏"}
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|\s+|.", re.DOTALL)


def of(tex: str, display: bool = False) -> str:
    """A formula as a <math> element. ValueError for what is not known here."""
    parser = _Parser([token for token in _TOKEN.findall(tex) if not token.isspace()], tex)
    body = parser.row(())
    block = ' display="block"' if display else ""
    return f"<math{block}>{body}</math>"


class _Parser:
    def __init__(self, tokens: list[str], tex: str):
        self.tokens, self.place, self.tex = tokens, 0, tex
        # \text{...} needs the blanks that the tokens have lost.
        self.texts = re.findall(r"\\(?:text|textrm)\s*\{([^{}]*)\}", tex)

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        if not token:
            raise ValueError(f"a formula ends too early: {self.tex}")
        self.place += 1
        return token

    def row(self, ends: tuple[str, ...]) -> str:
        """Everything up to one of `ends`, which is taken, or to the end of the formula."""
        parts = []
        while token := self.peek():
            if token in ends:
                self.place += 1
                break
            if token == "\\rm":  # the rest of the group is upright
                self.place += 1
                words = ""
                while self.peek() and self.peek() not in ends:
                    words += self.next()
                parts.append(f'<mi mathvariant="normal">{escape(words)}</mi>')
                continue
            parts.append(self.scripted())
        return f"<mrow>{''.join(parts)}</mrow>"

    def scripted(self) -> str:
        """An atom with what stands below and above it."""
        base = self.atom()
        below = above = ""
        while self.peek() in ("_", "^", "'"):
            mark = self.next()
            if mark == "_":
                below = self.argument()
            elif mark == "^":
                above += self.argument()
            else:
                above += "<mo>′</mo>"
        above = f"<mrow>{above}</mrow>" if above else ""
        under = base.startswith("<munder>") or any(base == f"<mo>{sign}</mo>" for sign in _LIMITS)
        sub, sup, both = ("munder", "mover", "munderover") if under else ("msub", "msup", "msubsup")
        if below and above:
            return f"<{both}>{base}{below}{above}</{both}>"
        if below or above:
            tag = sub if below else sup
            return f"<{tag}>{base}{below}{above}</{tag}>"
        return base

    def argument(self) -> str:
        """A group, or the next atom; of a number the first digit alone."""
        token = self.peek()
        if token[:1].isdigit() and len(token) > 1:
            self.tokens[self.place] = token[1:]
            return f"<mn>{token[0]}</mn>"
        return self.atom()

    def atom(self) -> str:
        token = self.next()
        if token == "{":
            return self.row(("}",))
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{token}</mi>"
        if not token.startswith("\\"):
            sign = {"-": "−", "*": "∗", "~": "\u00a0"}.get(token, token)
            plain = ' stretchy="false"' if sign in "()[]|" else ""
            plain += ' lspace="0" rspace="0"' if sign == "|" else ""
            return f"<mo{plain}>{escape(sign)}</mo>"
        return self.command(token[1:])

    def command(self, name: str) -> str:
        if name in _SYMBOLS:
            return f"<mi>{_SYMBOLS[name]}</mi>"
        if name in _OPERATORS:
            fence = ' lspace="0" rspace="0" stretchy="false"' if _OPERATORS[name] in "‖|" else ""
            return f"<mo{fence}>{_OPERATORS[name]}</mo>"
        if name in _FUNCTIONS:
            return f"<mi>{name}</mi>"
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}em"/>'
        if name in ("frac", "tfrac", "dfrac"):
            return f"<mfrac>{self.argument()}{self.argument()}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.argument()}</msqrt>"
        if name in _ACCENTS:
            accent = f'<mo stretchy="false">{_ACCENTS[name]}</mo>'
            return f'<mover accent="true">{self.argument()}{accent}</mover>'
        if name == "overline":
            return f'<mrow style="{_OVERLINE}">{self.argument()}</mrow>'
        if name == "underbrace":
            return f'<munder>{self.argument()}<mo stretchy="true">⏟</mo></munder>'
        if name in _WORDS:
            return self.words(name)
        if name == "left":  # as tall as what is between it and its \\right
            opens, inside = self.fence("true"), self.row(("\\right",))
            return f"<mrow>{opens}{inside}{self.fence('true')}</mrow>"
        if name in _BIG:
            return self.fence("false")
        if name == "begin":
            return self.matrix()
        raise ValueError(f"unknown in a formula: \\{name} in {self.tex}")

    def fence(self, stretches: str) -> str:
        token = self.next()
        sign = _OPERATORS.get(token[1:], token) if token.startswith("\\") else token
        return "" if sign == "." else f'<mo stretchy="{stretches}">{escape(sign)}</mo>'

    def words(self, name: str) -> str:
        if self.peek() != "{":
            return f'<mi mathvariant="normal">{escape(self.next())}</mi>'
        self.place += 1
        words = ""
        while (token := self.next()) != "}":
            words += token
        if name in ("text", "textrm"):
            return f"<mtext>{escape(self.texts.pop(0)).replace(' ', chr(0xA0))}</mtext>"
        return f'<mi mathvariant="normal">{escape(words)}</mi>'

    def matrix(self) -> str:
        kind = "".join(self.tokens[self.place :]).partition("}")[0].lstrip("{")
        self.place = self.tokens.index("}", self.place) + 1
        rows, cells, parts = [], [], []
        while (token := self.peek()) != "\\end":
            if token in ("&", "\\\\"):
                self.place += 1
                cells.append("".join(parts))
                parts = []
                if token == "\\\\":
                    rows.append(cells)
                    cells = []
                continue
            parts.append(self.scripted())
        self.place = self.tokens.index("}", self.place) + 1
        rows.append([*cells, "".join(parts)])
        table = "".join(
            "<mtr>" + "".join(f"<mtd>{cell}</mtd>" for cell in row) + "</mtr>" for row in rows
        )
        fences = {"pmatrix": ("(", ")"), "bmatrix": ("[", "]")}.get(kind, ("", ""))
        left, right = (f"<mo>{sign}</mo>" if sign else "" for sign in fences)
        return f"<mrow>{left}<mtable>{table}</mtable>{right}</mrow>"
