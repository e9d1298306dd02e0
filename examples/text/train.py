"""Trains a tokenizer and a classifier of support tickets, and writes both to models/tickets.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py

The score of a text for a class is the sum of its tokens' scores: a logistic regression on how often each token occurs.
The graph looks the scores up, as a larger model looks up its embeddings, and has the same inputs as those of Hugging
Face.
"""

import re

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

# Written for this example: a ticket on each line.
TICKETS = {
    "account": """
        I cannot log in with my password
        Please reset my password, the link has expired
        How do I change the email address of my account?
        My account is locked after three attempts to log in
        The code for signing in never arrives on my phone
        I want to delete my account and all of my data
        Can you add a second user to our account?
        I forgot my user name, how can I sign in?
        Two-factor login does not accept my new phone
        Please change the name in my profile
        The login page says that my email is unknown
        How can my colleague get access to our account?
    """,
    "billing": """
        I was charged twice for the same invoice this month
        Please send me the invoice for March with our VAT number
        My credit card was declined, but the money is gone
        I want a refund for the order that I cancelled
        Why is the price on my bill higher than on the website?
        Can I pay by bank transfer instead of credit card?
        The discount code was not taken off the total
        The receipt has the wrong company address
        When will the refund be on my bank account?
        We pay for ten seats, but use only six of them
        How do I cancel my subscription before the next payment?
        You charged me in dollars instead of euros
    """,
    "bug": """
        The app crashes when I open the settings page
        Since the last update, the export button does nothing
        The page stays white in Firefox and shows an error
        Search returns no results, although the file is there
        The app freezes as soon as I upload a large picture
        I get error 500 when I save the form
        The dates in the report are wrong by one day
        The chart is empty after the update to version 4
        Notifications do not appear on Android any more
        The upload stops at 99 percent and then fails
        Sorting the table by name mixes up the rows
        The app is very slow and crashes with an error
    """,
    "delivery": """
        Where is my parcel? It should have arrived on Monday
        The package was delivered to the wrong address
        The box arrived damaged and the glass is broken
        Tracking has not changed for five days
        Can you ship to Switzerland, and how long does it take?
        One of the two items is missing from the parcel
        I was not at home, when will the courier come again?
        Please change the delivery address of my order
        My order still has not been shipped
        The courier left the package in the rain
        I received the wrong size, how do I send it back?
        Is express delivery possible before the weekend?
    """,
}
CLASSES = sorted(TICKETS)
lines = {name: [line.strip() for line in text.strip().splitlines()] for name, text in TICKETS.items()}
texts = [line for name in CLASSES for line in lines[name]]
labels = numpy.array([index for index, name in enumerate(CLASSES) for _ in lines[name]])

# The words of the tickets, and their letters for words that no ticket has. The order makes it the same each time.
words = sorted({word for text in texts for word in re.findall(r"[a-z]{2,}", text.lower())})
letters = list("abcdefghijklmnopqrstuvwxyz0123456789.,?!'-")
pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{letter}" for letter in letters), *words]
tokenizer = Tokenizer(models.WordPiece({piece: index for index, piece in enumerate(pieces)}, unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.decoder = decoders.WordPiece()
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)
tokenizer.enable_truncation(64)


single = {index for index, piece in enumerate(pieces) if len(piece.lstrip("#")) == 1}


def counts(some):
    """How often each text has each token of a word: letters say nothing about a ticket."""
    table = numpy.zeros((len(some), len(pieces)), dtype=numpy.float32)
    for row, text in enumerate(some):
        ids = tokenizer.encode(text).ids
        numpy.add.at(table[row], [index for index in ids if index not in single], 1)
    return table


classifier = LogisticRegression(C=3).fit(counts(texts), labels)
scores = classifier.coef_.T.astype(numpy.float32)
scores[list(single)] = 0

nodes = [
    helper.make_node("Gather", ["scores", "input_ids"], ["each"]),
    helper.make_node("Cast", ["attention_mask"], ["shown"], to=TensorProto.FLOAT),
    helper.make_node("Unsqueeze", ["shown", "last"], ["weight"]),
    helper.make_node("Mul", ["each", "weight"], ["weighted"]),
    helper.make_node("ReduceSum", ["weighted", "tokens"], ["sum"], keepdims=0),
    helper.make_node("Add", ["sum", "intercept"], ["logits"]),
]
weights = {
    "scores": scores,
    "intercept": classifier.intercept_.astype(numpy.float32),
    "last": numpy.array([2]),
    "tokens": numpy.array([1]),
}
inputs = ["input_ids", "attention_mask"]
graph = helper.make_graph(
    nodes,
    "tickets",
    [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in inputs],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(CLASSES)])],
    [numpy_helper.from_array(values, name) for name, values in weights.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, "models/tickets/model.onnx")
tokenizer.save("models/tickets/tokenizer.json", pretty=False)

session = onnxruntime.InferenceSession("models/tickets/model.onnx", providers=["CPUExecutionProvider"])


def predicted(text):
    tokens = tokenizer.encode(text)
    feeds = {"input_ids": [tokens.ids], "attention_mask": [tokens.attention_mask]}
    (logits,) = session.run(None, {name: numpy.array(values) for name, values in feeds.items()})
    return CLASSES[logits[0].argmax()]


for text, name in {
    "My password does not work": "account",
    "I need an invoice and a refund": "billing",
    "The app shows an error after the update": "bug",
    "My parcel is damaged": "delivery",
}.items():
    assert predicted(text) == name, f"{text!r} is {predicted(text)}, expected {name}"
right = sum(predicted(text) == CLASSES[label] for text, label in zip(texts, labels))
print(f"{right} of {len(texts)} tickets, and all new ones, are in the right class")
