"""NACHA and BAI2 files of our own making."""

BAI2 = """\
01,BANKBANK,CUSTOMER,240102,0630,1,,,2/
02,CUSTOMER,BANKBANK,1,240101,2400,,2/
03,0975312468,,010,500000,,,190,70000000,4,0/
88,110,70000000,15,D,3,0,7500000,1,3000000,3,59500000/
16,165,1500000,S,500000,1000000,0,BREF,CREF,DEALER, PAYMENTS/
88,AND MORE/
16,409,250,V,240103,1200,,,
88,CHECK
49,142000250,7/
03,EURACC,BHD,040,+1005,,/
16,890,,,,,NOTE/
49,1005,3/
98,142001255,2,12/
99,142001255,1,14/
"""


def nacha_entry(
    code="22", bank="09100001", digit="9", amount=12345, addenda="0", trace="091000010000001", name="JANE DOE"
):
    return f"6{code}{bank}{digit}{'1234567':17}{amount:010}{'ID1':15}{name:22}  {addenda}{trace}"


def nacha_addenda(text="RMR*IV*17", number=1, entry="0000001"):
    return f"705{text:80}{number:04}{entry}"


def nacha_batch(*records, number=1, service="200", entry_class="PPD", company="1234567890"):
    """A batch with its totals, computed from the positions of the records."""
    entries = [r for r in records if r[0] == "6"]
    debit, credit = (sum(int(e[29:39]) for e in entries if (e[2] in "6789") is side) for side in (True, False))
    bank_hash = sum(int(e[3:11]) for e in entries) % 10**10
    return [
        f"5{service}{'ACME':16}{'':20}{company}{entry_class}{'PAYROLL':10}JAN 01240103   109100001{number:07}",
        *records,
        f"8{service}{len(records):06}{bank_hash:010}{debit:012}{credit:012}{company}{'':25}09100001{number:07}",
    ]


def nacha_file(*batches, blocked=True):
    """A file with its totals, computed from those of the batches."""
    controls = [batch[-1] for batch in batches]
    count, total = sum(int(c[4:10]) for c in controls), sum(int(c[10:20]) for c in controls) % 10**10
    debit, credit = sum(int(c[20:32]) for c in controls), sum(int(c[32:44]) for c in controls)
    lines = [f"101 091000019 1234567892401020630A094101{'BANK':23}{'ACME':23}{'REF':8}"]
    lines += [line for batch in batches for line in batch]
    blocks = -(-(len(lines) + 1) // 10)
    lines.append(f"9{len(batches):06}{blocks:06}{count:08}{total:010}{debit:012}{credit:012}{'':39}")
    if blocked:
        lines += ["9" * 94] * (-len(lines) % 10)
    return "".join(f"{line}\n" for line in lines)
