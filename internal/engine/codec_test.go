package engine

import (
	"math/big"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestFractions: a fraction is stored as Terraform reads it, or every value that is none of 2 would look changed.
func TestFractions(t *testing.T) {
	for _, text := range []string{"0.1", "0.5", "1.25", "3", "0.000000001"} {
		want, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		var f float64
		if err := decode(tftypes.NewValue(tftypes.Number, want), reflect.ValueOf(&f).Elem()); err != nil {
			t.Fatal(err)
		}
		got, err := encode(tftypes.Number, reflect.ValueOf(f))
		if err != nil || !got.Equal(tftypes.NewValue(tftypes.Number, want)) {
			t.Errorf("%s is stored as %s: %v", text, got, err)
		}
	}
}
