"""Reports by e-mail: when, to whom, what came of it, and the thread that sends them."""

from passerby.mailing.letter import Attachment, Letter
from passerby.mailing.posting import MailServer, Posted, mail_server
from passerby.mailing.schedule import Every, Schedule
from passerby.mailing.service import Mailings
from passerby.mailing.table import Mailing, MailingTable, Send, Wanted

__all__ = [
    "Attachment",
    "Every",
    "Letter",
    "MailServer",
    "Mailing",
    "MailingTable",
    "Mailings",
    "Posted",
    "Schedule",
    "Send",
    "Wanted",
    "mail_server",
]
