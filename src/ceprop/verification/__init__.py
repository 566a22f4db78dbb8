"""Claims about the project, and the evidence for each: numbered random cases, which anyone can repeat.

In come names of claims, a seed and a number of cases. Out go counts of what was compared, and the first difference of
each claim. Every claim is a :class:`Claim` in a module of `claims/`. It compares with functions of the other folders
only. It needs no file outside the installed package.
"""

from ceprop.verification.campaign import Campaign, ClaimResult
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims import CLAIMS, claim_named

__all__ = ["CLAIMS", "Campaign", "Case", "Claim", "ClaimResult", "Found", "claim_named"]
