"""Phrase parts of reviews, complaints and call notes; all of them are made up.

Moods are NEGATIVE, NEUTRAL and POSITIVE; `{n}` is replaced by a small number.
"""

from __future__ import annotations

from typing import Final

NEGATIVE, NEUTRAL, POSITIVE = range(3)

OPENINGS: Final = (
    (
        "I am very disappointed.", "This is a terrible experience.", "I am angry and frustrated.",
        "What an awful mess.", "This is unacceptable.", "I feel cheated by this bank.",
        "I am fed up and upset.",
        "The worst service I have had in years.",
    ),
    (
        "I am writing about my account.", "This is about a matter of last month.", "I have a question.",
        "The following happened.", "I would like this to be looked at.", "For your records.",
    ),
    (
        "Thank you for sorting this out so quickly.", "I am happy with how this was handled.",
        "Great help from your staff.", "I was pleasantly surprised.", "Your colleague was kind and helpful.",
        "I appreciate the excellent support.",
    ),
)  # fmt: skip

TOPICS: Final = {
    "account": (
        "I asked to close my account and it is still open.",
        "My new account was opened under the wrong name.",
        "The account was closed without any notice to me.",
        "I was told to come to the branch to change my address.",
        "The welcome letter for the account never came.",
    ),
    "cash": (
        "A deposit of mine does not show in my balance.",
        "The cash machine kept my money but booked the withdrawal.",
        "A withdrawal was booked twice.", "A check that I paid in is held for days.",
    ),
    "low_funds": (
        "I was charged an overdraft fee although I had paid in the day before.",
        "Three overdraft fees were taken on one day.",
        "A payment was returned although there was enough money.",
        "The fee for low funds is more than what was missing.",
    ),
    "payment": (
        "A transfer that I sent has not arrived.", "My standing order went to the wrong account.",
        "I sent money abroad and it came back without the fee.", "A transfer is pending since last week.",
    ),
    "card": (
        "My card was declined at a shop.", "The new card has not come in the mail.",
        "My card does not work at machines.",
        "The chip of my card is broken.", "My PIN is blocked after two tries.",
    ),
    "billing": (
        "There is a purchase on my statement that I do not recognize.", "A shop charged my card twice.",
        "The statement shows another amount than I agreed to.",
        "A refund from a shop is missing on my statement.",
    ),
    "fraud": (
        "Somebody used my card in a town where I have never been.", "An account was opened in my name.",
        "I got a call from somebody who said he was from the bank and asked for my code.",
        "There are withdrawals that I did not make.",
    ),
    "rates": (
        "My interest rate was raised.", "I was charged a late fee although I paid on the due date.",
        "The yearly fee is not what the advertisement said.",
        "I would like to know how the interest was calculated.",
    ),
    "service": (
        "I was passed from one desk to the next.", "I waited on the line for most of my lunch break.",
        "Nobody called back as was agreed.", "The branch and the phone line told me different things.",
    ),
    "credit": (
        "My application for a higher limit was turned down.",
        "The credit bureau shows a late payment that I made on time.",
        "My application has been in review for weeks.", "The limit of my card was lowered.",
    ),
    "collection": (
        "A collector calls me about a debt that I have paid.",
        "I get letters about a balance that is not mine.",
        "I asked for a payment plan.", "The payoff amount changes with each call.",
    ),
    "rewards": (
        "The points of last quarter are missing.",
        "The bonus that was promised for the card has not been credited.",
        "My balance transfer was booked at the wrong rate.",
        "The offer in your mail was not honored in the branch.",
    ),
}  # fmt: skip

DETAILS: Final = (
    "It has been {n} days.", "I called {n} times.", "The amount is {n} dollars.",
    "It was on the {n}th of the month.",
    "I sent {n} letters about it.", "I have been a customer for {n} years.", "My reference ends in {n}.",
)  # fmt: skip

CLOSINGS: Final = (
    (
        "Nobody cares and nothing was solved.", "I will move my money to another bank.", "It is a disgrace.",
        "I am losing patience and trust.", "The answer was useless and rude.",
        "This caused me stress and a loss.",
        "I want to complain about it in the strongest terms.",
    ),
    (
        "Please let me know what the next step is.", "I expect an answer by letter.",
        "Please check your records.",
        "I can send copies of the papers.", "My number is on file.",
    ),
    (
        "All is well now, thank you.", "The problem was solved and I am satisfied.",
        "I am glad that I called.",
        "I would recommend the bank to a friend.", "Excellent work, many thanks.",
        "I am grateful for the refund.",
    ),
)  # fmt: skip

PRAISE: Final = (
    "Great bank with friendly people.", "Wonderful service from start to finish.",
    "The staff at {b} was a delight.",
    "Fast, honest and easy to work with.", "Best experience I have had with a lender.",
    "{b} made everything simple and pleasant.", "Very helpful and professional team.",
    "Nobody at {b} ever let me down.", "I was afraid of a long and painful process, and there was none.",
)  # fmt: skip
PRAISE_MORE: Final = (
    "They explained every step and answered all my questions.", "The papers were ready in {n} days.",
    "I got a better rate than I had hoped for.", "Our loan closed early and without trouble.",
    "They called back within the hour.", "The web site is clear and works well.",
)  # fmt: skip
PRAISE_END: Final = (
    "That is all.", "No complaints.",
    "Highly recommended!", "I will gladly come back.", "Thank you so much!", "Five stars, well deserved.",
    "We are very happy.", "I have told all my friends about {b}.",
)  # fmt: skip
BLAME: Final = (
    "Terrible service.", "I regret ever coming to {b}.", "Awful experience from the first day.",
    "Stay away from {b}.", "I had hoped for better help from {b}.", "Slow, rude and careless.",
    "The worst lender I have dealt with.",
)  # fmt: skip
BLAME_MORE: Final = (
    "It took {n} weeks to get an answer.", "They lost my papers and blamed me.", "Nobody returned my calls.",
    "The fees were hidden until the last day.", "They made mistakes and never apologized.",
    "I had to call {n} times to reach anybody.",
)  # fmt: skip
BLAME_END: Final = (
    "So much for a friendly bank.", "Thanks for nothing.",
    "Avoid.", "I am very unhappy.", "What a waste of time.", "I lost money because of them.", "Never again!",
    "A horrible way to treat people.",
)  # fmt: skip
