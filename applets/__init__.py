"""The cards."""

from bifente.applets.kernel.card import SmartCard
from bifente.applets.kinds import KINDS, card_of, layout_of, open_card

__all__ = ["KINDS", "SmartCard", "card_of", "layout_of", "open_card"]
