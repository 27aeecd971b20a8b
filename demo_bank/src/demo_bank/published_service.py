"""Published totals of the real customer-service files, which the demo bank imitates in proportion.

Source: value counts of the "Retail Banking Demo Data" (L. Petrocelli, data.world), whose complaints are of
the Consumer Complaint Database of the CFPB (public domain) and carry its products, issues and responses.
"""

from __future__ import annotations

from typing import Final

COMPLAINTS: Final = 23_419
CALLS_WITHOUT_COMPLAINT: Final = 511
CALLS_WITHOUT_NUMBER: Final = 984
REVIEWS: Final = 504

PRODUCTS: Final = {"Bank account or service": 14_091, "Credit card": 9_328}
BANK_SUB_PRODUCTS: Final = {
    "Checking account": 10_005,
    "Other bank product/service": 2_794,
    "Savings account": 791,
    "(CD) Certificate of deposit": 376,
    "Cashing a check without an account": 125,
}
CARD_SUB_PRODUCT: Final = "Loan account"
BANK_ISSUES: Final = {
    "Account opening, closing, or management": 5_884,
    "Deposits and withdrawals": 3_788,
    "Problems caused by my funds being low": 2_041,
    "Making/receiving payments, sending money": 1_246,
    "Using a debit or ATM card": 1_132,
}
CARD_ISSUES: Final = {
    "Billing disputes": 1_560, "Other": 978, "Identity theft / Fraud / Embezzlement": 841,
    "Closing/Cancelling account": 834, "APR or interest rate": 493,
    "Customer service / Customer relations": 373, "Other fee": 347, "Transaction issue": 346, "Late fee": 344,
    "Credit card protection / Debt protection": 318,
    "Delinquent account": 314, "Rewards": 290, "Credit reporting": 270, "Billing statement": 262,
    "Credit line increase/decrease": 253, "Payoff process": 218, "Credit determination": 203,
    "Advertising and marketing": 192, "Balance transfer": 139, "Collection debt dispute": 135,
    "Unsolicited issuance of credit card": 119, "Collection practices": 92, "Forbearance / Workout plans": 61,
    "Privacy": 48, "Bankruptcy": 43, "Arbitration": 40, "Cash advance": 39, "Cash advance fee": 36,
    "Application processing delay": 34, "Balance transfer fee": 32, "Sale of account": 31,
    "Convenience checks": 26, "Overlimit fee": 17,
}  # fmt: skip
SUBMITTED: Final = {
    "Web": 13_235,
    "Referral": 6_303,
    "Phone": 2_504,
    "Postal mail": 1_071,
    "Fax": 298,
    "Email": 8,
}
IN_PROGRESS: Final = "In progress"
RESPONSES: Final = {
    "Closed with explanation": 14_337,
    "Closed with monetary relief": 5_267,
    "Closed with non-monetary relief": 1_934,
    "Closed with relief": 759,
    "Closed without relief": 672,
    "Closed": 266,
    "Untimely response": 32,
    IN_PROGRESS: 0,  # only of the last weeks
}
NOT_TIMELY: Final = 339  # besides those with an untimely response
DAYS_TO_SEND: Final = {
    0: 10_600, 1: 3_793, 2: 2_176, 3: 1_661, 4: 1_554, 5: 1_148, 6: 731, 7: 461, -1: 192, 8: 163,
    9: 106, 11: 74,
}  # fmt: skip
"""Days from receipt to sending on; -1 is a complaint dated a day after it was sent."""

CALL_TYPES: Final = {"PS": 1_996, "NW": 624, "NE": 254, "TT": 94, "IN": 28}
CALL_PRIORITIES: Final = {0: 1_656, 2: 875, 1: 484}
OUTCOMES_WITHOUT_COMPLAINT: Final = {"Hang": 416, "Agent": 76, "Phantom": 19}

REVIEW_STARS: Final = {5: 408, 1: 93, 2: 3}
REVIEW_PRODUCTS: Final = {"Heron National Mortgage": 253, "Heron National Bank": 193, "Heron Capital": 58}
"""The shares are published, the names invented."""
