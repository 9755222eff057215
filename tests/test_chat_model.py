"""Language models: how they are loaded, how their drafts stream, and in which language they answer."""

import asyncio
import threading

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from index.errors import GeneratorError, UserError
from index.types import Hit, Passage
from rag import background
from rag.chat_model import ChatModelGenerator
from rag.chatbot import Chatbot
from rag.fidelity import in_script, other_language
from rag.local_model import LocalModel
from rag.models import load_model
from rag.prompt import messages_for
from rag.types import Claim, Source

HITS = [Hit(Passage("a", "zh-Hans", 0, 30, "成都有1200家人工智能企业。市长说：“干预是必要的里程碑。”"), 1.0)]
QUESTION = "How many AI companies does Chengdu have?"


class Asked(GenericFakeChatModel):
    """Answers with the drafts it was given, in order, and keeps what it was asked."""

    asked: list = []  # noqa: RUF012, a field of pydantic's, copied for each model

    def _generate(self, messages, *args, **kwargs):
        self.asked.append(messages)
        return super()._generate(messages, *args, **kwargs)


def model(*drafts: str) -> Asked:
    return Asked(messages=iter(AIMessage(d) for d in drafts), asked=[])


def written(fake: Asked, lang: str) -> list[Claim]:
    return list(ChatModelGenerator(fake, backoff=0).write(QUESTION, HITS, lang))


ENGLISH = "There are 1,200 companies in the city of Chengdu that work on it [1]."
GERMAN = "In der Stadt Chengdu gibt es 1.200 Firmen, die daran arbeiten [1]."
CHINESE = "成都市共有1200家从事人工智能研究的企业[1]。"


@pytest.mark.parametrize(
    ("lang", "wrong", "right"),
    [("en", GERMAN, ENGLISH), ("de", ENGLISH, GERMAN), ("zh-Hans", ENGLISH, CHINESE), ("de", CHINESE, GERMAN), ("en", CHINESE, ENGLISH)],
)
def test_a_draft_in_another_language_is_asked_for_once_more(lang, wrong, right):
    fake = model(wrong, right)
    (claim,) = written(fake, lang)
    assert claim.text == right.replace(" [1]", "").replace("[1]", "") and claim.lang is None
    first, second = (messages[0].content for messages in fake.asked)
    assert second.startswith(first) and len(second) > len(first) + 20


def test_a_second_draft_in_another_language_is_given_and_says_so():
    fake = model(GERMAN, GERMAN)
    (claim,) = written(fake, "en")
    assert claim.lang == "de" and len(fake.asked) == 2


def test_nothing_of_the_first_draft_is_seen_when_there_is_a_second():
    assert [c.text for c in written(model("Natürlich, gern! " + GERMAN, ENGLISH), "en")] == [ENGLISH.replace(" [1]", "")]


def test_a_draft_in_the_language_asked_for_is_not_asked_for_again():
    for lang, draft in (("en", ENGLISH), ("de", GERMAN), ("zh-Hans", CHINESE), ("zh-Hant", CHINESE)):
        fake = model(draft)
        assert [c.lang for c in written(fake, lang)] == [None] and len(fake.asked) == 1


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("Chengdu: 1,200.", "de", None), ("Wuhan", "zh-Hans", None), ("OpenAI, DeepSeek, Huawei", "de", None),
        ("Der Artikel schreibt: “The city has more than one thousand firms.”", "de", None),
        ("文章写道：“The city has more than one thousand firms in all its districts.”", "zh-Hans", None),
        ("L'intelligence artificielle est une industrie très importante pour la ville.", "en", "fr"),
        ("Город имеет более тысячи компаний.", "de", "ru"), (GERMAN, "de", None), (GERMAN, "zh-Hant", "de"), (CHINESE, "zh-Hant", None),
    ],
)
def test_a_sentence_tells_its_language_only_if_it_is_clear(text, lang, found):
    assert other_language(text, lang) == found


@pytest.mark.parametrize(
    ("text", "lang", "converted"),
    [
        ("成都有1200家人工智能企业。", "zh-Hant", "成都有1200家人工智能企業。"),
        ("成都有1200家人工智能企業。", "zh-Hans", "成都有1200家人工智能企业。"),
        ("市长说：“干预是必要的里程碑。”企业发展。", "zh-Hant", "市長說：“干预是必要的里程碑。”企業發展。"),
        ("市长说：“企业发展。”", "zh-Hant", "市長說：“企業發展。”"),
        ("干預是必要的裡程碑", "zh-Hant", "干預是必要的里程碑"),
        ("頭髮與出發，皇后與以後", "zh-Hant", "頭髮與出發，皇后與以後"),
        ("Chengdu has 1,200 firms: 企业.", "en", "Chengdu has 1,200 firms: 企业."),
    ],
)
def test_chinese_is_written_in_the_script_asked_for_and_quotations_stay(text, lang, converted):
    from index.normalise import fold

    assert in_script(text, lang, fold(HITS[0].passage.text)) == converted


@pytest.mark.parametrize(
    ("question", "lang", "said"),
    [
        (QUESTION, "en", "Answer in English"), (QUESTION, "de", "Answer in German"), ("Wie viele Firmen gibt es in Chengdu?", "de", "Antworte auf Deutsch"),
        ("成都有多少家企业？", "zh-Hans", "请用简体中文回答"), ("成都有多少家企業？", "zh-Hant", "請用繁體中文回答"),
        ("成都有多少家企業？", "en", "請用英文回答"), ("Wie viele Firmen gibt es?", "zh-Hant", "Antworte auf traditionelles Chinesisch"),
    ],
)
def test_the_prompt_is_in_the_questions_language_and_says_the_answers(question, lang, said):
    system, human = messages_for(question, HITS, lang)
    assert said in system and "[1]" in system and "NO ANSWER" in system
    assert human.splitlines()[1].startswith("[1] 成都有1200家") and human.endswith(question)


SHENZHEN = "How large was Shenzhen's AI industry at the end of 2024?"


@pytest.fixture(scope="module")
def rank(chatbot):
    return 1 + next(i for i, h in enumerate(chatbot.ask(SHENZHEN).hits) if "3600亿元" in h.passage.text)


def answered(chatbot, *drafts: str, **options):
    return list(Chatbot(chatbot._index, ChatModelGenerator(model(*drafts), backoff=0)).stream(SHENZHEN, **options))


def test_an_answer_in_another_language_has_a_note_in_the_askers(chatbot, rank):
    draft = f"In der Stadt Shenzhen erreichte die Branche bis zum Ende des Jahres 360 Milliarden Yuan [{rank}]."
    answer = answered(chatbot, draft, draft)[-1]
    assert answer.found and answer.note == "The language model did not answer in English, although asked twice."


def test_the_answer_language_can_be_chosen(chatbot, rank):
    draft = f"深圳人工智能产业规模达到3600亿元[{rank}]。"
    answer = answered(chatbot, draft, answer_lang="zh-Hant")[-1]
    assert (answer.lang, answer.text, answer.note) == ("zh-Hant", "深圳人工智能產業規模達到3600億元。 [1]", None)
    assert "产业规模" in answer.citations[0].quote


def test_the_text_only_grows_and_a_marker_once_seen_stays(chatbot, rank):
    good = f"The AI industry of Shenzhen reached 360 billion yuan in 2024 [{rank}]."
    draft = f"{good} It has 7,777,777 firms [{rank}]. It is big [99]. It is new [0]. So it is [1-3]. `x[{rank}]` runs. {good[:-1]}, it is said. Yes (1)."
    *texts, answer = answered(chatbot, draft)
    assert all(b.startswith(a) for a, b in zip(texts, [*texts[1:], answer.text], strict=True)) and len(texts) == 2
    assert answer.text.count("[") == 2 and "7,777" not in answer.text and len(answer.citations) == 1
    assert [d.reason for d in answer.dropped] == ["not_supported", *["no_source"] * 5]


def test_a_failing_model_is_one_line(chatbot):
    with pytest.raises(UserError, match="language model") as raised:
        answered(chatbot)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("spec", "url", "said"),
    [
        ("nonsense", None, "ollama:qwen3"), (":x", None, "PROVIDER:MODEL"), ("ollama:", None, "PROVIDER:MODEL"),
        ("nosuchprovider:m", None, "nosuchprovider"), ("groq:m", None, "pip install langchain-groq"),
        ("openai:m", "localhost:1", "http://"), ("transformers:m", "http://x", "this machine"),
        ("transformers:/no/such/folder", None, "/no/such/folder"),
    ],
)
def test_a_model_that_cannot_be_loaded_says_what_to_type(spec, url, said):
    if spec.startswith("transformers"):
        pytest.importorskip("transformers")
    with pytest.raises(GeneratorError, match=r"--llm|language model|package") as raised:
        load_model(spec, url)
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_leaving_a_stream_stops_its_source_even_if_a_cancellation_is_swallowed():
    stopped, begun = threading.Event(), threading.Event()

    async def source():
        try:
            yield 1
            try:
                begun.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass  # as a client does that had its chunk at that very moment
            await asyncio.sleep(60)
        finally:
            stopped.set()

    items = background.stream(source())
    assert next(items) == 1 and begun.wait(20)
    items.close()
    assert stopped.wait(20)


def test_what_a_source_raises_is_raised_where_it_is_read():
    async def source():
        yield 1
        raise KeyError("x")

    items = background.stream(source())
    assert next(items) == 1
    with pytest.raises(KeyError):
        next(items)


@pytest.fixture(scope="module")
def local_folder(tmp_path_factory):
    """A causal language model of random weights with a tokenizer of bytes, saved as transformers reads it."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = pre_tokenizers.ByteLevel.alphabet()
    vocabulary = {c: i for i, c in enumerate(["<end>", *sorted(letters)])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    folder = tmp_path_factory.mktemp("local")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>")
    fast.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: "
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=16384, eos_token_id=0, pad_token_id=0, bos_token_id=0,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


async def _collect(local: LocalModel, most: int) -> list[str]:
    pieces = []
    stream = local.astream([("system", "Be brief."), ("human", "Hello 深圳")])
    async for chunk in stream:
        pieces.append(chunk.text)
        if len(pieces) == most:
            break
    await stream.aclose()
    return pieces


def test_a_local_model_decodes_what_transformers_decodes(local_folder):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, net = AutoTokenizer.from_pretrained(local_folder), AutoModelForCausalLM.from_pretrained(local_folder)
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello 深圳"}]
    prompt = tokenizer(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True), return_tensors="pt").input_ids
    out = net.generate(prompt, do_sample=False, max_new_tokens=40, attention_mask=prompt * 0 + 1, pad_token_id=0)
    expected = tokenizer.decode(out[0, prompt.shape[1] :], skip_special_tokens=True)
    local = LocalModel(tokenizer, net, new_tokens=40)
    assert "".join(asyncio.run(_collect(local, 10_000))) == expected


def test_leaving_a_local_model_ends_its_decoding(local_folder):
    local = LocalModel.load(str(local_folder))
    local._new_tokens = 10_000
    assert len(asyncio.run(_collect(local, 1))) == 1
    assert local._one_at_a_time.acquire(timeout=60)  # far sooner than 10,000 tokens are decoded


def test_the_junk_of_a_local_model_is_no_answer(local_folder, chatbot):
    generator = ChatModelGenerator.load(f"transformers:{local_folder}", timeout=300)
    generator.model._new_tokens = 60
    answer = Chatbot(chatbot._index, generator).ask(SHENZHEN)
    assert (answer.found, answer.reason, answer.citations) == (False, "not_supported", ())
    assert answer.text.startswith("The articles") and answer.dropped


def test_a_template_without_a_system_turn_gets_one_turn(local_folder):
    local = LocalModel.load(str(local_folder))
    local._tokenizer.chat_template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ messages[0].content }}"
    )
    assert local._tokenizer.decode(local._prompt([("system", "A"), ("human", "B")])[0]) == "A\n\nB"
    local._tokenizer.chat_template = None
    assert local._tokenizer.decode(local._prompt([("system", "A"), ("human", "B")])[0]) == "A\n\nB\n\n"


def test_a_claim_knows_its_place():
    (claim,) = written(model("\n\nThere are 1,200 companies in Chengdu.[1]"), "en")
    assert claim == Claim("There are 1,200 companies in Chengdu.", (Source(0),), "\n", None)
