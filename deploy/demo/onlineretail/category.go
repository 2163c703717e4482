package onlineretail

import "strings"

// Category is a node of the demo catalogue's two-level tree.
type Category struct {
	// Key is the handle of the category.
	Key string
	// Name is its English name.
	Name string
	// Parent is the key of the parent, empty for a root.
	Parent string
	// words put a product here when its description contains one of them; the first category that matches wins.
	words []string
}

// fallbackCategory takes what no word claims.
const fallbackCategory = "gifts"

// Categories returns the tree, parents before children.
func Categories() []Category {
	return []Category{
		{Key: "seasonal", Name: "Seasonal"},
		{Key: "home", Name: "Home"},
		{Key: "kitchen", Name: "Kitchen & Dining"},
		{Key: "paper", Name: "Paper & Craft"},
		{Key: "fashion", Name: "Fashion"},
		{Key: "play", Name: "Play"},
		{Key: "christmas", Name: "Christmas", Parent: "seasonal", words: []string{"CHRISTMAS", "XMAS", "ADVENT", "SANTA", "REINDEER", "SNOW", "NOEL", "BAUBLE", "WREATH", "STOCKING", "HOLLY"}},
		{Key: "easter", Name: "Easter", Parent: "seasonal", words: []string{"EASTER", "BUNNY", "CHICK"}},
		{Key: "party", Name: "Party", Parent: "seasonal", words: []string{"PARTY", "BUNTING", "BIRTHDAY", "BALLOON", "WEDDING"}},
		{Key: "jewellery", Name: "Jewellery", Parent: "fashion", words: []string{"NECKLACE", "BRACELET", "EARRING", "BROOCH", "DIAMANTE", "BANGLE", "PENDANT", "ANKLET", "CHARM", "HAIR", "BEAD"}},
		{Key: "bags", Name: "Bags & Purses", Parent: "fashion", words: []string{"BAG", "PURSE", "SHOPPER", "WALLET", "SATCHEL", "TOTE", "SUITCASE", "BACKPACK"}},
		{Key: "accessories", Name: "Accessories", Parent: "fashion", words: []string{"UMBRELLA", "PARASOL", "SCARF", "SLIPPER", "GLOVE", "HAND WARMER", "PASSPORT", "LUGGAGE", "SUNGLASSES"}},
		{Key: "candles", Name: "Candles & Lighting", Parent: "home", words: []string{"CANDLE", "T-LIGHT", "TLIGHT", "LIGHT", "LANTERN", "LAMP", "INCENSE"}},
		{Key: "clocks", Name: "Clocks & Mirrors", Parent: "home", words: []string{"CLOCK", "MIRROR"}},
		{Key: "signs", Name: "Signs & Wall Art", Parent: "home", words: []string{"SIGN", "WALL ART", "PICTURE", "FRAME", "BLACKBOARD", "CHALKBOARD", "MEMO", "NOTICEBOARD"}},
		{Key: "storage", Name: "Storage & Hooks", Parent: "home", words: []string{"STORAGE", "BASKET", "HOOK", "HANGER", "DRAWER", "CABINET", "KNOB", "RACK", "TRINKET", "TIDY", "BOX"}},
		{Key: "textiles", Name: "Textiles", Parent: "home", words: []string{"CUSHION", "DOORMAT", "QUILT", "THROW", "HOT WATER BOTTLE", "DOORSTOP", "CURTAIN", "RUG", "TOWEL"}},
		{Key: "garden", Name: "Garden", Parent: "home", words: []string{"GARDEN", "PLANT", "WATERING", "BIRD HOUSE", "HERB", "FLOWER POT", "SEED"}},
		{Key: "tableware", Name: "Mugs & Tableware", Parent: "kitchen", words: []string{"MUG", "CUP", "TEA", "PLATE", "BOWL", "JUG", "SAUCER", "CUTLERY", "NAPKIN", "COASTER", "PLACEMAT", "BEAKER", "TRAY", "GLASS", "COFFEE"}},
		{Key: "baking", Name: "Baking", Parent: "kitchen", words: []string{"CAKE", "BAKING", "CUPCAKE", "COOKIE", "PIE ", "JELLY MOULD", "ROLLING PIN"}},
		{Key: "pantry", Name: "Pantry & Lunch", Parent: "kitchen", words: []string{"LUNCH", "JAM", "JAR", "PANTRY", "BOTTLE", "APRON", "KITCHEN", "TIN", "SPOON", "EGG", "BREAD", "RECIPE", "COSY"}},
		{Key: "cards", Name: "Cards & Wrap", Parent: "paper", words: []string{"CARD", "WRAP", "GIFT TAG", "RIBBON", "DOILY", "DOILIES", "TISSUE", "PAPER"}},
		{Key: "stationery", Name: "Stationery", Parent: "paper", words: []string{"NOTEBOOK", "PENCIL", "PEN", "BOOK", "STICKER", "TAPE", "RUBBER", "RULER", "LETTER", "CALENDAR", "JOTTER", "MAGNET"}},
		{Key: "craft", Name: "Craft & Sewing", Parent: "paper", words: []string{"SEWING", "CRAFT", "KNITTING", "FELT", "BUTTON", "EMBROID", "KIT"}},
		{Key: "toys", Name: "Toys & Games", Parent: "play", words: []string{"TOY", "GAME", "DOLL", "PUZZLE", "JIGSAW", "SKIPPING", "PLAYHOUSE", "DOMINO", "LUDO", "SPACEBOY", "CHILD", "BABY", "GIRL", "BOY"}},
		{Key: "decorations", Name: "Decorations", Parent: "home", words: []string{"DECORATION", "GARLAND", "HEART", "ORNAMENT", "STAR", "HANGING", "HOLDER", "FLOWER", "BELL"}},
		{Key: fallbackCategory, Name: "Gifts"},
	}
}

// CategoryOf derives the category from the words of a description.
func CategoryOf(description string) string {
	upper := strings.ToUpper(description)
	for _, category := range Categories() {
		for _, word := range category.words {
			if strings.Contains(upper, word) {
				return category.Key
			}
		}
	}
	return fallbackCategory
}
