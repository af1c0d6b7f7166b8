"""What /chat promises, held with python3-websockets, a client that is not ours.

Names, presence, private messages, rooms, every error, and that no input of one client harms another one.
"""

import asyncio
import json
import random
import re
from contextlib import AsyncExitStack

import websockets

from harness import DEADLINE, expect, expect_equal, main, note, test
from server import Server
from wire import CLOSE, TEXT, Peer, frame, request

UNLIMITED = ("--max-chat-messages-per-second", "0")


class Client:
    """One connection to /chat. What is heard comes as parsed JSON, in order."""

    def __init__(self, socket):
        self.socket = socket

    async def send(self, value):
        await self.socket.send(value if isinstance(value, (str, bytes)) else json.dumps(value))

    async def raw(self):
        return await asyncio.wait_for(self.socket.recv(), DEADLINE)

    async def receive(self):
        return json.loads(await self.raw())

    async def expect(self, *wanted):
        for each in wanted:
            expect_equal(await self.receive(), each, "what was heard")

    async def heard(self):
        """All that has been said to this client up to now: what comes before the answer to a question."""
        await self.send({"type": "who", "id": "now"})
        texts = []
        while (got := await self.receive()) != {"type": "ack", "id": "now"}:
            texts.append(got)
        expect_equal(texts[-1]["type"], "who", "the last answer but one")
        return texts[:-1]

    async def expect_silence(self):
        expect_equal(await self.heard(), [], "what was heard")

    async def ask(self, value):
        await self.send(value)
        return await self.receive()

    async def code_of(self, value):
        answer = await self.ask(value)
        expect(answer["type"] == "error" and len(answer["message"]) > 5, f"the answer to {value!r:.100} is {answer}")
        return answer["code"]

    async def close(self):
        await self.socket.close()


class Chat(AsyncExitStack):
    def __init__(self, server):
        super().__init__()
        self.server = server

    async def connect(self, query=""):
        socket = await self.server.connect(f"/chat{query}")
        self.push_async_callback(socket.close)
        return Client(socket)

    async def enter(self, user, others=()):
        client = await self.connect(f"?user={user}")
        await client.expect({"type": "welcome", "user": user, "online": sorted({user, *others})})
        return client


def presence(user, status, room=None):
    told = {"type": "presence", "user": user, "status": status}
    return {**told, "room": room} if room else told


# ---- What people do

ALICE_TO_BOB = '{"type":"private_message","sender":"Alice","receiver":"Bob","message":"Hey Bob, how are you?"}'


@test
async def the_users_own_example_reaches_bob_as_it_was_written():
    with Server() as server:
        async with Chat(server) as chat:
            alice = await chat.enter("Alice")
            bob = await chat.enter("Bob", ["Alice"])
            await alice.expect(presence("Bob", "online"))
            await alice.send(ALICE_TO_BOB)
            expect_equal(await bob.raw(), ALICE_TO_BOB)
            await bob.send('{"type":"private_message","receiver":"Alice","message":"Fine!"}')
            expect_equal(await alice.raw(),
                         '{"sender":"Bob","type":"private_message","receiver":"Alice","message":"Fine!"}')
            await alice.expect_silence()
            await bob.expect_silence()


@test
async def a_private_message_is_heard_by_both_users_tabs_and_by_nobody_else():
    with Server() as server:
        async with Chat(server) as chat:
            alice, alice_too = await chat.enter("Alice"), await chat.enter("Alice")
            bob, bob_too = await chat.enter("Bob", ["Alice"]), await chat.enter("Bob", ["Alice"])
            charlie = await chat.enter("Charlie", ["Alice", "Bob"])
            for client in (alice, alice_too, bob, bob_too):
                await client.heard()
            await alice.send(ALICE_TO_BOB)
            for client in (bob, bob_too, alice_too):
                expect_equal(await client.raw(), ALICE_TO_BOB)
            for client in (alice, alice_too, bob, bob_too, charlie):
                await client.expect_silence()


@test
async def everybody_sees_the_others_come_and_go_by_whatever_end():
    with Server() as server:
        async with Chat(server) as chat:
            alice = await chat.enter("Alice")
            for end in ("close", "reset", "fin", "wrong frame"):
                with Peer(server.port) as bob, Peer(server.port) as bob_too:
                    bob.upgrade("/chat?user=Bob")
                    await alice.expect(presence("Bob", "online"))
                    bob_too.upgrade("/chat?user=Bob").close()
                    await alice.expect_silence()
                    if end == "close":
                        bob.send(frame(CLOSE, b"\x03\xe8"))
                    elif end == "reset":
                        bob.reset()
                    elif end == "wrong frame":
                        bob.send(b"\xff\xff")
                    else:
                        bob.close()
                    await alice.expect(presence("Bob", "offline"))
            expect_equal(await alice.ask({"type": "who"}), {"type": "who", "online": ["Alice"]})


@test
async def a_hello_names_a_connection_whose_url_named_nobody():
    with Server() as server:
        async with Chat(server) as chat:
            alice = await chat.enter("Alice")
            nobody = await chat.connect()
            await alice.expect_silence()
            expect_equal(await nobody.code_of({"type": "message", "sender": "Bob", "message": "hi"}), "hello_first")
            await nobody.send({"type": "hello", "sender": "Bob"})
            await nobody.expect({"type": "welcome", "user": "Bob", "online": ["Alice", "Bob"]})
            await alice.expect(presence("Bob", "online"))


@test
async def rooms_are_heard_by_their_members_and_tell_who_comes_and_goes():
    with Server() as server:
        async with Chat(server) as chat:
            alice = await chat.enter("Alice")
            bob = await chat.enter("Bob", ["Alice"])
            charlie = await chat.enter("Charlie", ["Alice", "Bob"])
            for client in (alice, bob, charlie):
                await client.heard()
            join = {"type": "join", "room": "κόσμε", "id": 1}
            expect_equal(await alice.ask(join), {"type": "ack", "id": 1})
            expect_equal(await bob.ask(join), {"type": "ack", "id": 1})
            expect_equal(await bob.ask(join), {"type": "ack", "id": 1})
            await alice.expect(presence("Bob", "joined", "κόσμε"))
            expect_equal(await charlie.ask({"type": "who", "room": "κόσμε"}),
                         {"type": "who", "room": "κόσμε", "online": ["Alice", "Bob"]})
            said = {"type": "room_message", "room": "κόσμε", "message": "hi", "sender": "Alice", "mood": ["good"]}
            await alice.send(said)
            await bob.expect(said)
            expect_equal(await charlie.code_of({**said, "sender": "Charlie"}), "not_in_room")
            expect_equal(await bob.ask({**join, "type": "leave"}), {"type": "ack", "id": 1})
            await alice.expect(presence("Bob", "left", "κόσμε"))
            await bob.ask(join)
            await bob.close()
            heard = [await alice.receive() for _ in range(3)]
            expect_equal(heard, [presence("Bob", "joined", "κόσμε"), presence("Bob", "offline"),
                                 presence("Bob", "left", "κόσμε")])
            await charlie.expect(presence("Bob", "offline"))
            for client in (alice, charlie):
                await client.expect_silence()


@test
async def a_stopping_server_says_1001_and_tells_nobody_of_the_others():
    with Server() as server:
        async with Chat(server) as chat:
            alice = await chat.enter("Alice")
            bob = await chat.enter("Bob", ["Alice"])
            await alice.heard()
            for client in (alice, bob):
                await client.send({"type": "join", "room": "r"})
                await client.heard()
            await alice.heard()
            await asyncio.to_thread(server.stop)
            for client in (alice, bob):
                try:
                    expect(False, f"{await client.receive()} was heard")
                except websockets.ConnectionClosed as closed:
                    expect_equal(closed.rcvd.code, 1001, "the close code")


# ---- What is refused

NAMES_REFUSED = ["", "x" * 65, "%C3%A9" * 65, "Al%00ice", "Al%0Aice", "%1b[31m", "%C2%85", "%E2%80%AE", "%E2%81%A6",
                 "%FF", "%C3", "%ED%A0%80", "%", "%4", "%zz", "Alice&user=Bob", "Alice&user=Alice"]


@test
def a_bad_name_in_the_url_is_a_400_with_a_sentence():
    with Server() as server:
        for name in NAMES_REFUSED:
            with Peer(server.port) as peer:
                peer.send(request(f"/chat?user={name}"))
                status, head = peer.head()
                expect_equal(status, 400, f"the status of ?user={name}")
                body = peer.rest().decode()
                expect(re.fullmatch(r"user [a-zA-Z0-9 ,%]+, as in /chat\?user=Alice\n", body), f"it says {body!r}")


HELLO = {"type": "hello", "sender": "Alice"}
ERRORS = [
    ("bad_json", "{"),
    ("bad_json", "[]"),
    ("bad_json", '{"type":"who","type":"who"}'),
    ("bad_json", '{"type":"message","message":"\\ud800"}'),
    ("not_text", b'{"type":"who"}'),
    ("missing_field", "{}"),
    ("missing_field", {"type": "private_message", "message": "hi"}),
    ("missing_field", {"type": "room_message", "room": "r"}),
    ("bad_field", {"type": 7}),
    ("bad_field", {"type": "message", "message": ["hi"]}),
    ("bad_field", {"type": "join", "room": "\u202e"}),
    ("bad_field", {"type": "who", "id": None}),
    ("unknown_type", {"type": "welcome", "user": "Bob", "online": []}),
    ("unknown_type", {"type": "presence", "user": "Bob", "status": "offline"}),
    ("already_named", HELLO),
    ("not_your_name", {"type": "message", "sender": "Bob", "message": "I am Bob"}),
    ("unknown_receiver", {"type": "private_message", "receiver": "Nobody", "message": "hi"}),
    ("not_in_room", {"type": "room_message", "room": "r", "message": "hi"}),
    ("not_in_room", {"type": "leave", "room": "r"}),
    ("too_large", {"type": "message", "message": "x" * 1000}),
]


@test
async def every_error_has_its_code_a_sentence_and_the_id_and_closes_nothing():
    with Server(*UNLIMITED, "--max-chat-message", "1000") as server:
        async with Chat(server) as chat:
            bystander = await chat.enter("Bystander")
            nobody = await chat.connect()
            expect_equal(await nobody.code_of({"type": "who"}), "hello_first")
            alice = await chat.enter("Alice", ["Bystander"])
            for code, message in ERRORS:
                expect_equal(await alice.code_of(message), code, f"the code of {str(message)[:80]}")
                if isinstance(message, dict) and "id" not in message and code != "too_large":
                    answer = await alice.ask({"id": "my id", **message})
                    expect_equal((answer["code"], answer.get("id")), (code, "my id"), "the answer")
            await bystander.expect(presence("Alice", "online"))
            await bystander.expect_silence()


@test
async def the_rate_is_limited_by_a_flag_and_a_flood_alone_is_closed():
    with Server("--max-chat-messages-per-second", "20") as server:
        async with Chat(server) as chat:
            bystander = await chat.enter("Bystander")
            alice = await chat.enter("Alice", ["Bystander"])
            for number in range(200):
                await alice.send({"type": "message", "message": "x", "id": number})
            answers = [await alice.receive() for _ in range(200)]
            expect_equal([answer["id"] for answer in answers], list(range(200)), "the ids")
            refused = [answer for answer in answers if answer["type"] == "error"]
            expect(refused and {answer["code"] for answer in refused} == {"too_fast"}, f"it was refused: {refused[:3]}")
            expect_equal([answer["type"] for answer in answers[:20]], ["ack"] * 20, "the first answers")

            with Peer(server.port) as flooder:
                flooder.upgrade("/chat?user=Flooder")
                flooder.send(frame(TEXT, b'{"type":"who"}') * 2000)
                said = flooder.frame_of(CLOSE)
                expect_equal((said.close_code, said.payload[2:]), (1008, b"too many messages, too fast"), "the end")
            while (got := await bystander.receive()) != presence("Flooder", "offline"):
                expect(got.get("user", got.get("sender")) in ("Alice", "Flooder"), f"{got} was heard")
            expect_equal((await bystander.ask({"type": "who"}))["online"], ["Alice", "Bystander"], "who is there")


# ---- What is hostile

HOSTILE = [
    b"", b"\x00", b" ", b"null", b"{", b"}", b"[", b'"', b"{}", b"[]", b"{{}}", b'{"type"', b'{"type":', b'{"type":"',
    b"[" * 60_000, b'{"a":' * 10_000, b'[{"type":"message","message":"x"}]', b'{"type":"message","message":"x"}' * 2,
    b'{"type":"message","message":"\\ud800"}', b'{"type":"message","message":"\\udc00\\ud800"}',
    b'{"\\ud800":1,"type":"message","message":"x"}', b'{"type":"message","message":"x","message":"y"}',
    b'{"type":"message","message":"x","mess\\u0061ge":"y"}', b'{"type":"message","message":1e999}',
    b'{"type":"message","message":"x","n":1e999}', b'{"type":"message","message":"x","n":' + b"9" * 5000 + b"}",
    b'\xef\xbb\xbf{"type":"message","message":"x"}', b'{"type":"message","message":"a\nb"}',
    b'{"type":"message","message":"x"}\x00', b'{"type":"message","message":"\x1b[31m"}',
    b'{"type":"message","sender":"Bystander","message":"x"}', b'{"type":"presence","user":"Bystander","status":"offline"}',
    b'{"type":"error","code":"too_fast"}', b'{"type":"welcome","user":"Bystander","online":[]}',
    b'{"type":"hello","sender":"Bystander"}', b'{"type":["message"],"message":"x"}',
    b'{"type":"room_message","room":"private","message":"x"}', b'{"type":"leave","room":"private"}',
    b'{"type":"private_message","receiver":"Bystander\\u0000","message":"x"}',
    b'{"type":"private_message","receiver":"bystander","message":"x"}',
    b'{"type":"private_message","receiver":{"a":1},"message":"x"}', b'{"type":"\\u001b[31m\\nforged: line"}',
    b'{"type":"<script>alert(1)</script>"}', b'{"type":"message","message":"' + b"x" * 70_000 + b'"}',
    b'{"type":"message","message":"x",' + b",".join(b'"k%d":0' % n for n in range(6000)) + b',"k0":0}',
    b'{"type":"message","message":"x","id":{"a":1}}', b"%s%n%x{0}", b"GET / HTTP/1.1\r\n\r\n",
]


@test
async def no_hostile_message_is_heard_by_others_or_closes_anything():
    with Server(*UNLIMITED) as server:
        async with Chat(server) as chat:
            bystander = await chat.enter("Bystander")
            await bystander.ask({"type": "join", "room": "private", "id": 1})
            mallory = await chat.enter("Mallory", ["Bystander"])
            for text in HOSTILE:
                await mallory.code_of(text.decode())
                await mallory.code_of(text)
            await bystander.expect(presence("Mallory", "online"))
            await bystander.expect_silence()
            await works(bystander, mallory)


async def works(one, other):
    """Both still speak with each other, after all that was said."""
    await one.send({"type": "private_message", "receiver": "Mallory", "message": "still there?"})
    while (await other.receive()).get("message") != "still there?":
        pass
    await other.send({"type": "message", "message": "still here"})
    while (await one.receive()).get("message") != "still here":
        pass


def mutations(count):
    """Right messages with bytes of them changed, cut, doubled or spliced: always the same ones."""
    chance = random.Random(101)
    seeds = [ALICE_TO_BOB.encode(), b'{"type":"join","room":"cats","id":1}', b'{"type":"who","room":"cats"}',
             b'{"type":"room_message","room":"cats","message":"\\ud83d\\ude00 \xc3\xa9","x":[1,{"y":null}],"id":-1.5e3}',
             b'{"type":"message","message":"\\u0000","sender":"Mallory"}', b'{"type":"leave","room":"cats","id":"\\""}']
    tokens = [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\ud800", b"\\udc00", b"\x00", b"\x7f", b"null", b"1e9",
              b'"id":', b'"type":"message"', b'"sender":"Bystander"', "é".encode(), "\u202e".encode(), b"\xff", b"\xc3"]
    for _ in range(count):
        text = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(text) + 1)
            what = chance.randrange(5)
            if what == 0:
                text[at:at + 1] = bytes([chance.randrange(256)])
            elif what == 1:
                text[at:at] = chance.choice(tokens)
            elif what == 2:
                del text[at:at + chance.randint(1, 10)]
            elif what == 3:
                other = chance.choice(seeds)
                text[at:] = other[chance.randrange(len(other)):]
            else:
                text[at:at] = text[chance.randrange(len(text) + 1):][:chance.randint(1, 30)]
        yield bytes(text)


@test
async def random_mutations_of_messages_do_no_harm_to_a_bystander():
    with Server(*UNLIMITED) as server:
        async with Chat(server) as chat:
            bystander = await chat.enter("Bystander")
            mallory = await chat.enter("Mallory", ["Bystander"])
            await bystander.expect(presence("Mallory", "online"))
            refused = 0
            for count, text in enumerate(mutations(10_000), 1):
                try:
                    await mallory.send(text.decode())
                except UnicodeDecodeError:
                    await mallory.send(text)
                if count % 100 == 0:
                    refused += sum(answer["type"] == "error" for answer in await mallory.heard())
            heard = await bystander.heard()
            kinds = {(told["type"], told.get("sender", told.get("user"))) for told in heard}
            expect(kinds <= {("message", "Mallory")}, f"the bystander heard {kinds}")
            expect(2000 < refused < 10_000, f"{refused} of 10,000 were refused, which tests little")
            await works(bystander, mallory)


@test
async def broken_frames_and_text_that_is_no_utf8_end_their_own_connection_alone():
    with Server(*UNLIMITED) as server:
        async with Chat(server) as chat:
            bystander = await chat.enter("Bystander")
            for ending in (frame(TEXT, b"\xff"), frame(TEXT, b'{"type":"message","message":"\xed\xa0\x80"}'),
                           b"\xff\xff\xff", frame(TEXT, b"{}", key=None), frame(3, b"{}"), frame(TEXT, b"{")[:-1]):
                with Peer(server.port) as peer:
                    peer.upgrade("/chat?user=Mallory").send(frame(TEXT, b'{"type":"join","room":"r"}'), ending)
                await bystander.expect(presence("Mallory", "online"), presence("Mallory", "offline"))
            expect_equal((await bystander.ask({"type": "who", "room": "r"}))["online"], [], "who is in the room")


@test
async def nothing_unescaped_and_nothing_that_was_said_is_in_the_log():
    with Server(*UNLIMITED, log_level="debug") as server:
        async with Chat(server) as chat:
            await chat.connect("?user=" + "%5Cn%22%27%3Cb%3E%25s%7B%7D")
            mallory = await chat.connect()
            await mallory.send({"type": "hello", "sender": "κόσμε \\x1b"})
            for text in HOSTILE:
                await mallory.send(text.decode())
            await mallory.send({"type": "message", "message": "confidential"})
            await mallory.heard()
            await mallory.socket.close(4000, "over\n\x1b[2J and\u202eout")
        server.stop()
        log = server.log()
        lines = log.splitlines()
        expect(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", log), f"it is in the log: {log!r}")
        expect("confidential" not in log and "forged" not in log, f"it was said, and is in the log: {log!r}")
        expect(any(line.endswith(r""" entered /chat as \\n"'<b>%s{}""") for line in lines), f"the log is {log!r}")
        expect(any(line.endswith(r" entered /chat as κόσμε \\x1b") for line in lines), f"the log is {log!r}")
        expect(re.search(r" left /chat as κόσμε \\\\x1b, 4000 .*: over\\n\\x1b\[2J and\\u202eout$", log, re.M),
               f"the log is {log!r}")


# ---- Many, and slow ones

USERS, PUBLIC, PRIVATE = 200, 3, 10


async def talk(client, number, users):
    """Says what this user says, and returns who came after him, and what he heard from each sender."""
    async def say():
        for count in range(max(PUBLIC, PRIVATE)):
            if count < PUBLIC:
                await client.send({"type": "message", "message": f"public {count}"})
            if count < PRIVATE:
                receiver = users[(number + 1 + count * 7) % USERS]
                await client.send({"type": "private_message", "receiver": receiver, "message": f"private {count}"})

    speaking = asyncio.create_task(say())
    came, heard = [], {}
    left = (USERS - 1) * PUBLIC + PRIVATE
    while left > 0:
        told = json.loads(await asyncio.wait_for(client.socket.recv(), 2 * DEADLINE))
        if told["type"] == "presence":
            came.append(told["user"])
            continue
        heard.setdefault(told["sender"], []).append(told["message"])
        left -= 1
    await speaking
    return came, heard


@test
async def two_hundred_users_talk_at_once_and_nothing_is_lost_doubled_or_reordered():
    users = [f"user {number:03}" for number in range(USERS)]
    with Server() as server:
        async with Chat(server) as chat:
            clients = await asyncio.gather(*(chat.connect("?user=" + user.replace(" ", "+")) for user in users))
            welcomes = [await client.receive() for client in clients]
            all_heard = await asyncio.gather(*(talk(client, number, users) for number, client in enumerate(clients)))
            for number, (client, welcome, (came, heard)) in enumerate(zip(clients, welcomes, all_heard)):
                expect_equal(sorted(welcome["online"] + came), users, f"who was there or came, to {users[number]}")
                rest = [told for told in await client.heard() if told["type"] != "presence"]
                expect_equal(rest, [], f"what {users[number]} heard beyond that")
                for sender, texts in heard.items():
                    public = [text for text in texts if text.startswith("public")]
                    expect_equal(public, [f"public {count}" for count in range(PUBLIC)], f"what {sender} said to all")
                    private = [int(text.split()[1]) for text in texts if text.startswith("private")]
                    meant = [count for count in range(PRIVATE)
                             if (users.index(sender) + 1 + count * 7) % USERS == number]
                    expect_equal(private, meant, f"what {sender} said to {users[number]}")
                expect_equal(len(heard), USERS - 1, "the number of senders")


@test
async def who_does_not_read_misses_messages_is_told_and_costs_the_others_nothing():
    with Server(*UNLIMITED, "--max-queue", "64KiB") as server:
        async with Chat(server) as chat:
            alice = await chat.enter("Alice")
            bob = await chat.enter("Bob", ["Alice"])
            with Peer(server.port, receive_buffer=4096, timeout=DEADLINE) as slow:
                slow.upgrade("/chat?user=Slow")
                await bob.expect(presence("Slow", "online"))
                text = "x" * 10_000
                sent = 0
                while True:
                    answer = {"type": "private_message", "receiver": "Slow", "message": text, "id": sent}
                    await alice.send(answer)
                    while (answer := await alice.receive()).get("id") != sent:
                        pass
                    if answer["type"] == "error":
                        break
                    sent += 1
                    expect(sent < 10_000, "the server keeps all of it")
                expect_equal(answer["code"], "too_fast", "the code")
                expect("Slow" in answer["message"], f"it says {answer['message']!r}")
                for count in range(300):
                    await alice.send({"type": "message", "message": text + str(count)})
                for count in range(300):
                    expect_equal((await bob.receive())["message"], text + str(count), "what Bob heard")
                # What waited comes in order, then how many came too late for the queue.
                got = []
                while (told := json.loads(slow.frame_of(TEXT).payload))["type"] != "missed":
                    got.append(told)
                numbers = [told["id"] for told in got if told["type"] == "private_message"]
                expect_equal(numbers, list(range(sent)), "what the slow one heard")
                public = sum(told["type"] == "message" for told in got)
                expect_equal(told["count"] + public, 301, "what he heard and what he missed")
                note(f"{sent} messages of 10 kB waited in the sockets and the queue, {told['count']} were missed")
                slow.send(frame(TEXT, b'{"type":"who","id":0}'))
                expect_equal(json.loads(slow.frame_of(TEXT).payload)["type"], "who", "the next answer")


main()
