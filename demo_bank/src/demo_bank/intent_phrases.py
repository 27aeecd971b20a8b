"""Twelve intents of questions to a bank, as templates with slots; all of it is made up.

Some templates belong to two intents, as vague questions do, so no classifier can be right about all of them.
"""

from __future__ import annotations

from typing import Final

OPENERS: Final = (
    "",
    "Hi. ",
    "Hello there. ",
    "Quick question. ",
    "I need some help. ",
    "Sorry to bother you. ",
    "Good day. ",
)
ENDINGS: Final = (
    "",
    "",
    " Thanks.",
    " Please help me.",
    " Can you look into it?",
    " Many thanks in advance.",
)
SLOTS: Final = {
    "card": ("card", "debit card", "bank card", "credit card", "plastic"),
    "when": ("last week", "two days ago", "on Monday", "a fortnight ago", "earlier this month", "yesterday"),
    "place": ("abroad", "on holiday", "in a supermarket", "at a petrol station", "online", "in a restaurant"),
    "who": ("my landlord", "my sister", "a friend", "my employer", "a shop", "my club"),
    "sum": ("20 pounds", "150 dollars", "75 euros", "a small amount", "more than a thousand", "the rent"),
    "device": ("phone", "tablet", "new phone", "laptop"),
}
INTENTS: Final = {
    "card_not_arrived": (
        "I do not have my {card}.",
        "My new {card} has still not arrived.", "I ordered a {card} {when} and it is not here yet.",
        "How long does the delivery of a {card} take?", "Has my {card} been sent out?",
        "The {card} you posted {when} never came.", "When can I expect the {card} in the mail?",
        "Is there a way to track the delivery of my {card}?",
    ),
    "card_lost_or_stolen": (
        "I do not have my {card}.",
        "I lost my {card} {when}.", "Somebody stole my {card} {place}.",
        "My {card} is missing, please block it.",
        "My wallet with the {card} was stolen {when}.", "I cannot find my {card}, can you freeze it?",
        "I left my {card} {place} and now it is gone.",
    ),
    "pin_blocked": (
        "My code is not accepted.",
        "My PIN is blocked.", "I typed the wrong PIN three times {place}.",
        "How can I unblock the PIN of my {card}?",
        "I forgot the PIN of my {card}.", "Where do I get a new PIN code?",
        "The machine says that my PIN is locked.",
        "I want to change the PIN of my {card}.",
    ),
    "cash_not_dispensed": (
        "The cash machine did not give me {sum}.", "I tried to withdraw {sum} {when} and got no cash.",
        "The ATM booked {sum} but no notes came out.", "An ATM {place} gave me less cash than I asked for.",
        "My withdrawal shows but the machine kept the cash.",
    ),
    "transfer_not_received": (
        "A payment of {sum} to {who} looks wrong.",
        "I sent {sum} to {who} {when} and it has not arrived.",
        "A transfer of {sum} to {who} is still pending.",
        "When will {who} receive the transfer?", "The money that {who} sent me has not come in.",
        "My transfer from {when} does not show up at {who}.", "Why does the transfer to {who} take so long?",
    ),
    "direct_debit_unknown": (
        "A payment of {sum} to {who} looks wrong.",
        "There is a direct debit of {sum} that I do not know.",
        "I never signed a mandate for this direct debit.",
        "A company collected {sum} by direct debit {when}.", "How do I cancel the direct debit of {who}?",
        "Please return the direct debit of {sum}.", "Who set up this direct debit on my account?",
    ),
    "exchange_rate": (
        "I paid more than expected for a payment {place}.",
        "Which exchange rate do you use {place}?", "The exchange rate for my payment {place} looks wrong.",
        "What rate did I get when I changed {sum}?", "Is the exchange rate better at the weekend?",
        "Where do I find the exchange rate of {when}?", "How is the currency conversion of {sum} calculated?",
    ),
    "fee_question": (
        "I paid more than expected for a payment {place}.",
        "Why was I charged a fee of {sum}?", "What does it cost to keep the {card} for a year?",
        "I was charged a fee {when} without warning.", "Which fees apply to withdrawals {place}?",
        "Can the overdraft fee of {sum} be refunded?", "Is there a monthly fee for the account?",
    ),
    "limit_change": (
        "I would like a higher limit on my {card}.", "Can I raise the daily limit to {sum}?",
        "What is the spending limit of my {card}?", "Please lower the limit on my {card}.",
        "My limit is too low for paying {who}.", "How do I change the withdrawal limit {place}?",
    ),
    "login_problem": (
        "My code is not accepted.",
        "I cannot log in on my {device}.", "The app does not open on my {device} since {when}.",
        "I forgot the password for online banking.", "My {device} is not recognized when I sign in.",
        "The login code does not reach my {device}.", "I am locked out of the app.",
    ),
    "address_change": (
        "I moved {when} and need to update my address.", "How do I change my postal address?",
        "Please send letters to my new home.", "My address on the statement is out of date.",
        "I am moving in with {who}, how do I tell you the new address?",
        "Can I edit my address on my {device}?",
    ),
    "account_closing": (
        "I want to close my account.", "How do I close the account and move {sum} to another bank?",
        "Please end my contract, I no longer need the account.",
        "What happens to my {card} when I close the account?",
        "I asked {when} to have my account closed.", "Is there a form to terminate the account?",
    ),
}  # fmt: skip
