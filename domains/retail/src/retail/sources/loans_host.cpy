      * Extract of the loans of the host. Texts are in code page 273.
       01  HEADER-RECORD.
           05  RECORD-TYPE         PIC X.
           05  COMPLETE-THROUGH    PIC 9(8).
       01  LOAN-RECORD.
           05  RECORD-TYPE         PIC X.
           05  LOAN-ID             PIC 9(7)       COMP-3.
           05  ACCOUNT-ID          PIC S9(9)      COMP.
           05  GRANTED             PIC 9(8).
           05  AMOUNT              PIC S9(11)V99  COMP-3.
           05  DURATION            PIC S9(3)      COMP-3.
           05  MONTHLY-PAYMENT     PIC S9(9)V99.
           05  STATUS-CODE         PIC X.
               88  FINISHED        VALUES 'A' 'B'.
               88  RUNNING         VALUES 'C' 'D'.
           05  STATUS-TEXT         PIC X(20).
       01  TRAILER-RECORD.
           05  RECORD-TYPE         PIC X.
           05  LOANS               PIC 9(9).
           05  TOTAL-AMOUNT        PIC S9(13)V99  COMP-3.
