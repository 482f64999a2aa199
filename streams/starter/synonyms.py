"""What other people call our fields. Compared without case, spaces and punctuation."""

from __future__ import annotations

TRANSACTION: dict[str, tuple[str, ...]] = {
    "transaction_id": (
        "transactionid", "txid", "txnid", "transid", "transnum", "transactionnumber", "paymentid",
        "operationid", "orderid", "uuid", "id",
    ),
    "card_id": (
        "cardid", "cardtoken", "pantoken", "card", "cardnumber", "ccnum", "customerid", "accountid",
        "clientid", "userid", "customer", "account", "nameorig", "card1",
    ),
    "terminal_id": (
        "terminalid", "terminal", "posid", "pos", "deviceid", "storeid", "shopid", "merchantid",
        "merchantname", "merchant", "namedest", "recipient",
    ),
    "event_time": (
        "eventtime", "txdatetime", "transdatetranstime", "transactiondatetime", "transactiontime",
        "transactiondate", "datetime", "timestamp", "authorizedat", "createdat", "unixtime", "time",
        "date", "transactiondt", "step",
    ),
    "amount_minor": ("amountminor", "amountcents", "amountinminorunits"),
    "amount": (
        "txamount", "transactionamount", "transactionamt", "amount", "amt", "value",
        "purchaseamount",
    ),
    "currency": ("currency", "currencycode", "ccy", "transactioncurrency"),
    "arrival": ("arrival", "arrivedat", "receivedat", "ingestedat"),
    "merchant_id": ("merchantid", "merchantname", "merchant"),
    "mcc": ("mcc", "merchantcategorycode"),
    "entry_mode": ("entrymode", "posentrymode"),
    "card_present": ("cardpresent", "iscardpresent"),
    "channel": ("channel",),
    "country": ("country", "countrycode", "merchantcountry", "merchantcountrycode"),
    "acquirer_id": ("acquirerid", "acquirer"),
    "message_type": ("messagetype", "mti"),
    "stan": ("stan", "systemtraceauditnumber"),
    "rrn": ("rrn", "retrievalreferencenumber"),
}  # fmt: skip
"""The best name first; the fields that must be found first."""

LABEL: dict[str, tuple[str, ...]] = {
    "label": (
        "txfraud", "isfraud", "isfraudulent", "fraud", "fraudlabel", "fraudflag", "fraudind",
        "label", "class", "target",
    ),
    "observed_at": (
        "observedat", "labeledat", "labelledat", "labeldate", "reportedat", "fraudreportedat",
        "chargebackdate",
    ),
    "source": ("labelsource",),
}  # fmt: skip

TELLING = ("fraud", "scenario", "label", "class", "target", "chargeback")
"""A column whose name holds one of these may tell the answer: never a feature."""


def plain(name: str) -> str:
    """A name without case, spaces and punctuation.

    >>> plain("TX_AMOUNT"), plain("is fraud?")
    ('txamount', 'isfraud')
    """
    return "".join(letter for letter in name.lower() if letter.isalnum())
