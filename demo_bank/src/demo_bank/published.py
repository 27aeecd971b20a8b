"""Published figures of the real export: the counts, shares and codes that the demo bank imitates.

Source of every number here: the PKDD'99 Discovery Challenge, "financial" data set (P. Berka and M.
Sochorova), its guide and the frequency tables published about it. They are totals, not records.
"""

from __future__ import annotations

from typing import Final

ACCOUNTS: Final = 4_500
DISPONENTS: Final = 869  # clients = accounts + disponents = 5,369
LOANS: Final = 682
CARDS: Final = 892
TRANSACTIONS: Final = 1_056_320
LARGEST_TRANSACTION_ID: Final = 3_682_987

ACCOUNTS_OPENED: Final = {1993: 1139, 1994: 439, 1995: 661, 1996: 1363, 1997: 898}
FREQUENCIES: Final = {"POPLATEK MESICNE": 4167, "POPLATEK TYDNE": 240, "POPLATEK PO OBRATU": 93}
STATEMENT_FEES: Final = {"POPLATEK MESICNE": 14.60, "POPLATEK TYDNE": 30.00, "POPLATEK PO OBRATU": 100.00}
CARD_TYPES: Final = {"classic": 659, "junior": 145, "gold": 88}
CARDS_ISSUED: Final = {1993: 1, 1994: 21, 1995: 63, 1996: 116, 1997: 242, 1998: 449}
LOAN_STATUS_BY_DURATION: Final = {
    (12, "A"): 93, (12, "B"): 10, (12, "C"): 27, (12, "D"): 1,
    (24, "A"): 64, (24, "B"): 11, (24, "C"): 57, (24, "D"): 6,
    (36, "A"): 32, (36, "B"): 7, (36, "C"): 83, (36, "D"): 8,
    (48, "A"): 11, (48, "B"): 2, (48, "C"): 111, (48, "D"): 14,
    (60, "A"): 3, (60, "B"): 1, (60, "C"): 125, (60, "D"): 16,
}  # fmt: skip
ORDERS_PER_ACCOUNT: Final = {0: 742, 1: 2103, 2: 949, 3: 416, 4: 228, 5: 62}
ORDER_SYMBOLS: Final = {
    "SIPO": 3502,
    " ": 1379,
    "POJISTNE": 532,
    "LEASING": 341,
}  # and UVER, one for each loan
OWNERS_BORN_BY_DECADE: Final = {
    1911: 114,
    1920: 487,
    1930: 653,
    1940: 992,
    1950: 976,
    1960: 959,
    1970: 1022,
    1980: 166,
}
LAST_BIRTH_YEAR: Final = 1987
WOMEN: Final = 2645 / 5369
OWNER_LIVES_AT_THE_BRANCH: Final = 0.91  # share of clients whose district is their account's
PRAGUE: Final = 554 / 4500  # share of accounts kept in district 1

BANKS: Final = ("AB", "CD", "EF", "GH", "IJ", "KL", "MN", "OP", "QR", "ST", "UV", "WX", "YZ")

REGIONS: Final = {
    "Prague": ("Hl.m. Praha",),
    "central Bohemia": (
        "Benesov", "Beroun", "Kladno", "Kolin", "Kutna Hora", "Melnik", "Mlada Boleslav", "Nymburk",
        "Praha - vychod", "Praha - zapad", "Pribram", "Rakovnik",
    ),
    "south Bohemia": (
        "Ceske Budejovice", "Cesky Krumlov", "Jindrichuv Hradec", "Pelhrimov", "Pisek", "Prachatice",
        "Strakonice", "Tabor",
    ),
    "west Bohemia": (
        "Domazlice", "Cheb", "Karlovy Vary", "Klatovy", "Plzen - mesto", "Plzen - jih", "Plzen - sever",
        "Rokycany", "Sokolov", "Tachov",
    ),
    "north Bohemia": (
        "Ceska Lipa", "Decin", "Chomutov", "Jablonec n. Nisou", "Liberec", "Litomerice", "Louny", "Most",
        "Teplice", "Usti nad Labem",
    ),
    "east Bohemia": (
        "Havlickuv Brod", "Hradec Kralove", "Chrudim", "Jicin", "Nachod", "Pardubice",
        "Rychnov nad Kneznou", "Semily", "Svitavy", "Trutnov", "Usti nad Orlici",
    ),
    "south Moravia": (
        "Blansko", "Brno - mesto", "Brno - venkov", "Breclav", "Hodonin", "Jihlava", "Kromeriz", "Prostejov",
        "Trebic", "Uherske Hradiste", "Vyskov", "Zlin", "Znojmo", "Zdar nad Sazavou",
    ),
    "north Moravia": (
        "Bruntal", "Frydek - Mistek", "Jesenik", "Karvina", "Novy Jicin", "Olomouc", "Opava",
        "Ostrava - mesto", "Prerov", "Sumperk", "Vsetin",
    ),
}  # fmt: skip
"""The 77 districts, in the order of their numbers, by region."""
DISTRICTS: Final = sum(len(names) for names in REGIONS.values())
DISTRICT_WITHOUT_FIGURES: Final = 69  # Jesenik was founded in 1996: `?` for unemployment and crimes of 1995
