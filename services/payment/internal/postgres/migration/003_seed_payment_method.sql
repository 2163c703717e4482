-- +goose Up

-- Defaults for every channel. Staff change them by SetPaymentMethod; a channel's own row overrides them.
INSERT INTO payment_method (channel, method, title, enabled, countries, currencies, minimums, position) VALUES
    ('', 'card', 'Card', true, '{}', '{}',
     '{"GBP": 30, "EUR": 50, "USD": 50, "JPY": 50, "CHF": 50, "CAD": 50, "AUD": 50}', 10),
    ('', 'wallet', 'Wallet', true,
     '{GB,US,CA,AU,NZ,CH,NO,IS,LI,AT,BE,BG,HR,CY,CZ,DK,EE,FI,FR,DE,GR,HU,IE,IT,LV,LT,LU,MT,NL,PL,PT,RO,SK,SI,ES,SE}',
     '{GBP,EUR,USD,CAD,AUD,NZD,CHF,NOK,SEK,DKK,PLN,CZK}', '{"GBP": 30, "EUR": 50, "USD": 50}', 20),
    ('', 'qr', 'QR code', true,
     '{CN,HK,MO,TW,SG,MY,TH,JP,KR,GB,US,DE,FR,IT,ES,NL,BE,AT,IE,PT}', '{CNY,HKD,SGD,JPY,USD,GBP,EUR}', '{}', 30),
    ('', 'voucher', 'Bank voucher', true,
     '{GB,JP,AT,BE,BG,HR,CY,CZ,DK,EE,FI,FR,DE,GR,HU,IE,IT,LV,LT,LU,MT,NL,PL,PT,RO,SK,SI,ES,SE}', '{EUR,GBP,JPY}',
     '{"EUR": 100, "GBP": 100, "JPY": 100}', 40);
