"""The post: letters sealed for a caisse, and the ways in which they travel.

The outside of a letter is as public sources describe it (spec/fse.md §2.4); what is not public is ``synthetic``, and
:mod:`~bifente.fse.post.letter` and :mod:`~bifente.fse.post.envelope` say so item by item.
"""

from bifente.fse.post.account import Account, PostSettings, read_settings
from bifente.fse.post.boxes import ImapBox, Pop3Box
from bifente.fse.post.delivery import Delivered, Post
from bifente.fse.post.envelope import message_id, open_letter, pack, seal
from bifente.fse.post.errors import (
    CertificateNotForLetter,
    LetterRefused,
    LoginRefused,
    MailRefused,
    MailTooLarge,
    NotTrusted,
    OldSeal,
    PostError,
    PostUncertain,
    PostUnreachable,
    SendingRefused,
    WrongRecipient,
)
from bifente.fse.post.letter import ARL, B2, B2_TEST, EDI_CONSENT, LOT, NOEMIE, Letter, Part
from bifente.fse.post.maildir import MaildirPost
from bifente.fse.post.servers import ServerPost, opened_post, post_of
from bifente.fse.post.smtp import SmtpPost
from bifente.fse.post.subject import B2Subject, count_invoices

__all__ = [
    "ARL",
    "B2",
    "B2_TEST",
    "EDI_CONSENT",
    "LOT",
    "NOEMIE",
    "Account",
    "B2Subject",
    "CertificateNotForLetter",
    "Delivered",
    "ImapBox",
    "Letter",
    "LetterRefused",
    "LoginRefused",
    "MailRefused",
    "MailTooLarge",
    "MaildirPost",
    "NotTrusted",
    "OldSeal",
    "Part",
    "Pop3Box",
    "Post",
    "PostError",
    "PostSettings",
    "PostUncertain",
    "PostUnreachable",
    "SendingRefused",
    "ServerPost",
    "SmtpPost",
    "WrongRecipient",
    "count_invoices",
    "message_id",
    "open_letter",
    "opened_post",
    "pack",
    "post_of",
    "read_settings",
    "seal",
]
