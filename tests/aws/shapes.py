"""Answers without what is one account's: what may leave this machine, and what can be compared.

A text is kept only if it is known beforehand: a value of AWS's service models, or one that the stack file or a request contained before
any answer did. Everything else (ids, ARNs, secrets, tokens, names of others) becomes what it looks like, such as `<id>`. The sentences of
errors keep their ordinary words.
"""

import functools
import json
import re

from wire import SERVICES, model

# Never kept, whatever the source: by the name of the member, in lower case.
SECRET = {
    "access_token",
    "clientsecret",
    "clientsecretvalue",
    "id_token",
    "password",
    "privatekey",
    "refresh_token",
    "secretbinary",
    "secretstring",
    "temporarypassword",
    "userdata",
}
# A parameter of Systems Manager (the lock names the holder) and an API key have it in a member with an ordinary name.
SECRET_OF = {"ssm": {"value"}, "apigateway": {"value"}}

# Ids that are known by their form, wherever they stand: of user pools, which contain the Region, and of EC2, which may be given.
ID = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-\d_[0-9A-Za-z]+|(?<![\w-])[a-z]+-(?:[0-9a-f]{17}|[0-9a-f]{8})(?![\w-])")
DATE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+)?")
ARN = re.compile(r"arn:aws[a-z-]*:[^\s\"',)]*")
NUMBER = re.compile(r"-?\d{1,9}(\.\d+)?")
DIGEST = re.compile(r"[0-9a-f]{32,}")
MARK = re.compile(r"<[a-z]+>")
WORD = re.compile(r"([A-Za-z0-9_-]+)")
# The name of a member that no model has yet. Ids that are keys have no capitals, or other characters, too.
MEMBER = re.compile(r"[A-Za-z][a-z]+([A-Z][a-z]+)*")
# In a sentence: a part in quotes (not an apostrophe), and a word that is most likely a name.
QUOTED = re.compile(r"(?<!\w)(['\"`])(.*?)\1(?!\w)")
NAME = re.compile(r"\w[\w-]*-\w|\w*[a-z0-9][A-Z]")
# Below this, a number is a setting; above, it is most likely a date.
DATE_FROM = 1_000_000_000
EVERYWHERE = {"0.0.0.0/0", "::/0"}


@functools.cache
def published(service):
    """The names and values in a service's model."""
    try:
        shapes = model(service)["shapes"].values()
    except Exception:
        return frozenset()
    names = set()
    for shape in shapes:
        names.update(shape.get("enum", ()))
        for name, member in shape.get("members", {}).items():
            names.update((name, member.get("locationName", name), member.get("queryName", name)))
    return frozenset(names)


@functools.cache
def model_words(service):
    """The same in small letters, of one service or of all that are read."""
    services = [service] if service else SERVICES.values()
    return frozenset(name.lower() for service in services for name in published(service))


def texts(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


class Shapes:
    """Reads the calls of one lifecycle, in their order."""

    def __init__(self, account, region, names, stack):
        # The longest first: one may be part of another.
        own = {account: "<account>", region: "<region>", **{name: "<stack>" for name in names}}
        self.own = sorted(((text, mark) for text, mark in own.items() if text), key=lambda pair: -len(pair[0]))
        self.known, self.words, self.answered = set(), set(), set()
        for text in texts(stack):
            self.know(text)

    def know(self, text):
        """Keeps a text, and the words of it in sentences."""
        text = self.masked(text)
        self.known.add(text)
        self.words.update(WORD.findall(text))

    def masked(self, text):
        """A text without the account's number, the names of the run, digests, and ids that stood in an answer by themselves."""
        text = ID.sub("<id>", text)
        for name, mark in self.own:
            text = text.replace(name, mark)
        return "".join(self.word(word) for word in WORD.split(DIGEST.sub("<digest>", text)))

    def word(self, word):
        # Shorter ones are words like any other.
        generated = len(word) >= 6 and word in self.answered and word not in self.known
        return "<id>" if generated else word

    def learn(self, call):
        """Settings are sent before they are answered; ids and secrets are answered first."""
        secrets = SECRET_OF.get(call.service, set()) | SECRET
        for name, text in named_texts(call.parameters):
            if name.lower() not in secrets and text not in self.answered:
                self.know(text)
        self.answered.update(text for text in texts(call.content) if text not in published(call.service))

    def kept(self, service, text):
        if text in published(service) or text in EVERYWHERE or NUMBER.fullmatch(text) or text in ("true", "false", ""):
            return True
        return text in self.known and not text.startswith("arn:")

    def text(self, service, text):
        text = self.masked(text)
        if self.kept(service, text):
            return text
        if DATE.fullmatch(text):
            return "<date>"
        if ARN.fullmatch(text):
            return "<arn>"
        return "<text>" if " " in text else "<id>"

    def key(self, service, text):
        named = MEMBER.fullmatch(text) and text != text.lower()
        return text if named else self.text(service, text)

    def message(self, text, service=None):
        """A sentence of a service or of the program, with ids and what looks like a name taken out."""
        if text is None:
            return None

        def quoted(found):
            mark, inner = found.groups()
            keeps = inner in self.known or inner.lower() in model_words(service) or NUMBER.fullmatch(inner) or MARK.fullmatch(inner)
            return f"{mark}{inner if keeps else '<text>'}{mark}"

        def said(word):
            keeps = word in self.words or word.lower() in model_words(service)
            return word if keeps or not (is_id(word) or NAME.match(word)) else "<id>"

        text = QUOTED.sub(quoted, ARN.sub("<arn>", self.masked(text)))
        return "".join(said(word) for word in WORD.split(text))

    def of(self, service, value, name=""):
        if name.lower() in SECRET | SECRET_OF.get(service, set()) and isinstance(value, (str, int, float)):
            return "<secret>"
        if isinstance(value, dict):
            shaped = {}
            # The keys of tags are texts of their owner.
            key_of = self.text if name.lower().endswith("tags") else self.key
            for key, inner in value.items():
                shaped[key_of(service, str(key))] = self.of(service, inner, str(key))
            return dict(sorted(shaped.items()))
        if isinstance(value, list):
            inner = [self.of(service, one, name) for one in value]
            return [json.loads(one) for one in sorted({json.dumps(one, sort_keys=True) for one in inner})]
        if isinstance(value, str):
            return self.text(service, value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return "<date>" if abs(value) >= DATE_FROM else value
        return value

    def exchange(self, step, call):
        """What the report may contain of a call."""
        self.learn(call)
        content = ours(call.content, [name for name, mark in self.own if mark == "<stack>"])
        return {
            "step": step,
            "service": call.service,
            "operation": call.operation,
            "parameters": self.of(call.service, call.parameters),
            "status": call.status,
            "code": call.code,
            "message": self.message(call.message, call.service),
            "content": self.of(call.service, content),
        }


def named_texts(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield "", str(key)
            yield from named_texts(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from named_texts(inner, name)
    elif isinstance(value, str):
        yield name, value


def is_id(word):
    return len(word) >= 8 and any(letter.isdigit() for letter in word)


def ours(content, names):
    """An answer without what a list has of others in the same account: where one element names this run, those that don't are left out."""
    if not isinstance(content, dict):
        return content
    kept = {}
    for key, value in content.items():
        if isinstance(value, list):
            mine = [one for one in value if any(name in json.dumps(one) for name in names)]
            value = mine or value
        kept[key] = ours(value, names) if isinstance(value, dict) else value
    return kept
