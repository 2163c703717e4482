-- Ends the time of all holds on gift cards, as if it had gone by.
UPDATE payment.gift_card_hold SET expires_at = now() - interval '1 second' WHERE state = 'held';
