"""The attack suite: statements that the guard must refuse, rewrite or leave alone, with verdicts.

Its tables hold canaries, texts that a given user must never see in any form.
"""
