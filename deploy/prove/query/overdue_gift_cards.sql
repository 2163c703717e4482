-- How many holds on gift cards are kept past their time.
SELECT count(*) FROM payment.gift_card_hold WHERE state = 'held' AND expires_at < now();
